import { TidemarkError } from "../errors.ts";
import type { AnyEventDefinition } from "../event/define-event.ts";

const projectionName = /^[a-z][a-z0-9-]{0,31}$/;

const maxPartitions = 256;

/**
 * The rules that both forms share.
 *
 * @throws TidemarkError `definition-invalid` naming the rule.
 */
export function checkProjection(definition: {
  readonly name: string;
  readonly version: number;
  readonly events: readonly AnyEventDefinition[];
  readonly handlers: Readonly<Record<string, unknown>>;
  readonly partitions: number;
}): void {
  const { name, version, events, handlers, partitions } = definition;
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > maxPartitions) {
    refuse(name, `its partitions must be a whole number from 1 to ${maxPartitions}`);
  }
  if (!projectionName.test(name)) {
    refuse(name, "its name must be 1-32 lower-case letters, digits or -, a letter first");
  }
  if (!Number.isInteger(version) || version < 1 || version > 32_767) {
    refuse(name, "its version must be a whole number from 1 to 32767");
  }
  if (events.length === 0) refuse(name, "it names no event");
  const types = events.map(({ type }) => type);
  for (const [index, type] of types.entries()) {
    if (types.indexOf(type) !== index) refuse(name, `two of its events are called ${type}`);
    if (typeof handlers[type] !== "function") refuse(name, `it has no function for ${type}`);
  }
  for (const type of Object.keys(handlers)) {
    if (!types.includes(type)) refuse(name, `its function ${type} belongs to none of its events`);
  }
}

function refuse(name: string, rule: string): never {
  throw new TidemarkError(
    "definition-invalid",
    `The projection ${JSON.stringify(name)} is not well defined: ${rule}.`,
  );
}
