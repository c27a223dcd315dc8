import { TidemarkError } from "@tidemark/framework";
import { PostgresError } from "@tidemark/schema-registry/postgres";
import { ConfigError } from "../config.ts";
import { SourceFileError } from "../import/source-file.ts";
import { PortInUseError } from "./check-port.ts";

const explained = [ConfigError, PortInUseError, PostgresError, SourceFileError, TidemarkError];

/** A sentence for a person; the stack only for what nobody expected. */
export function explainFailure(error: unknown): string {
  if (explained.some((known) => error instanceof known) && error instanceof Error)
    return sentence(error.message);
  if (error instanceof AggregateError) return error.errors.map(explainFailure).join("\n");
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Libraries write their messages to be part of a longer one. */
function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
