import { createServer } from "node:net";

/** Whether a server can listen on this port of the loopback address; port 0 asks for any. */
export async function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.unref();
    server.once("error", () => resolve(undefined));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === "object" ? address?.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}

/** A port of the loopback address that nobody listens on: the preferred one if it is free. */
export async function freePort(preferred?: number): Promise<number> {
  const port = (preferred === undefined ? undefined : await listenOnce(preferred)) ?? (await listenOnce(0));
  if (port === undefined) throw new Error("no port of 127.0.0.1 is free");
  return port;
}
