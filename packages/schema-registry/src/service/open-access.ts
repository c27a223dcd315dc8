import type { RegistryAccess } from "../fastify/registry-access.ts";
import type { Logger } from "../logger.ts";
import { createAuthenticator } from "../security/authenticator.ts";
import { CredentialsFileError, readCredentials } from "./credentials-file.ts";

/** Who may call, and how to stop listening for changes of the file. */
export interface OpenedAccess {
  readonly access: RegistryAccess;
  close(): Promise<void>;
}

/** The callers of the credentials file, read again on SIGHUP; without a file everybody on this machine. */
export async function openAccess(file: string | null, logger: Logger): Promise<OpenedAccess> {
  if (file === null) return { access: "loopback", close: async () => undefined };
  const credentials = await readCredentials(file);
  if (credentials.length === 0) {
    throw new CredentialsFileError(
      `The credentials file ${file} is empty: add a caller with "npm run registry -- credential add <name>".`,
    );
  }
  const access = createAuthenticator(credentials);
  const reload = (): void => {
    readCredentials(file).then(
      (changed) => {
        access.replace(changed);
        logger.info({ file, credentials: changed.length }, "credentials read again");
      },
      (error: unknown) => logger.error({ err: error }, "the credentials stay as they were"),
    );
  };
  process.on("SIGHUP", reload);
  return { access, close: async () => void process.off("SIGHUP", reload) };
}
