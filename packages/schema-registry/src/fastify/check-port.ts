import { createServer } from "node:net";

export interface PortCheck {
  readonly host: string;
  /** `0` is any free port. */
  readonly port: number;
  /** The environment variable that chooses the port. */
  readonly variable: string;
  /** The environment variable that chooses the host, if one does. */
  readonly hostVariable?: string;
}

/** The address cannot be listened on; the message says what to do. */
export class PortUnavailableError extends Error {
  override readonly name = "PortUnavailableError";
}

/**
 * Fails before anything is started when the address cannot be had: a database that starts first would have to be
 * stopped again.
 *
 * @throws PortUnavailableError naming the variable that chooses another.
 * @example
 * await checkPort({ host: "127.0.0.1", port: 8081, variable: "REGISTRY_PORT" });
 */
export async function checkPort(check: PortCheck): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", (error: NodeJS.ErrnoException) => reject(unavailable(check, error)));
    probe.listen({ port: check.port, host: check.host }, () => probe.close(() => resolve()));
  });
}

function unavailable(check: PortCheck, error: NodeJS.ErrnoException): Error {
  const { host, port, variable, hostVariable } = check;
  switch (error.code) {
    case "EADDRINUSE":
      return new PortUnavailableError(
        `Port ${port} is in use by another program: free it, or choose another with ${variable}=<port>.`,
      );
    case "EACCES":
      return new PortUnavailableError(
        `Port ${port} may not be opened by this user: choose one above 1023 with ${variable}=<port>.`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new PortUnavailableError(
        `This machine has no address ${host}` +
          (hostVariable === undefined
            ? "."
            : `: correct ${hostVariable}, 127.0.0.1 for this machine only or 0.0.0.0 for all.`),
      );
    default:
      return error;
  }
}
