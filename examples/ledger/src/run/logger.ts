import { pino, type Logger } from "pino";

/** Logs as JSON lines on standard error, so that standard output stays what a person or a pipe reads. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: null, redact: { paths: ["err.config", "*.password"], remove: true } },
    pino.destination(2),
  );
}
