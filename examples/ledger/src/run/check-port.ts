import { createServer } from "node:net";

/** A port that another program holds. */
export class PortInUseError extends Error {
  override readonly name = "PortInUseError";
}

/**
 * Fails before anything is started when a port is taken: a database that starts first would have to be stopped again.
 *
 * @throws PortInUseError naming the port and the variable that chooses another.
 */
export async function checkPort(port: number, variable: string): Promise<void> {
  if (port === 0) return;
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE" && error.code !== "EACCES") return reject(error);
      const state =
        error.code === "EACCES" ? "may not be opened by this user" : "is in use by another program";
      reject(
        new PortInUseError(`Port ${port} ${state}: free it, or choose another with ${variable}=<port>.`),
      );
    });
    probe.listen({ port, host: "127.0.0.1" }, () => probe.close(() => resolve()));
  });
}
