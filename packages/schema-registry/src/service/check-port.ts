import { createServer } from "node:net";

/** The address cannot be listened on; the message says what to do. */
export class PortUnavailableError extends Error {
  override readonly name = "PortUnavailableError";
}

/**
 * Fails before anything is started when the address cannot be had: a database that starts first would have to be
 * stopped again.
 *
 * @throws PortUnavailableError
 */
export async function checkPort(host: string, port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", (error: NodeJS.ErrnoException) => reject(unavailable(host, port, error)));
    probe.listen({ port, host }, () => probe.close(() => resolve()));
  });
}

function unavailable(host: string, port: number, error: NodeJS.ErrnoException): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new PortUnavailableError(
        `Port ${port} is in use by another program: free it, or choose another with REGISTRY_PORT=<port>.`,
      );
    case "EACCES":
      return new PortUnavailableError(
        `Port ${port} may not be opened by this user: choose one above 1023 with REGISTRY_PORT=<port>.`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new PortUnavailableError(
        `This machine has no address ${host}: correct REGISTRY_HOST, 127.0.0.1 for this machine only or 0.0.0.0 for all.`,
      );
    default:
      return error;
  }
}
