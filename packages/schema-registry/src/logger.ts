/** What Tidemark logs to: pino, Fastify's `log` and wrappers of `console` all fit. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Swallows everything: the default, since a library must not write to a console it does not own. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
