import { TidemarkError } from "../errors.ts";

/** Bytes of UTF-8 that a stream name may have. */
export const maxStreamIdBytes = 255;

/** Control characters, NUL and lone surrogates: inside PostgreSQL they abort a whole batch, so no name has them. */
// eslint-disable-next-line no-control-regex
export const forbiddenCharacters = /[\u0000-\u001f\u007f-\u009f]|\p{Surrogate}/u;

/** Most names are plain, and the expression above costs ten times this one. */
const printableAscii = /^[\u0020-\u007e]*$/;

/**
 * The name of an aggregate's stream, `<category>-<id>`.
 *
 * @throws TidemarkError `stream-name-invalid` naming the rule that the name breaks.
 */
export function streamIdOf(category: string, id: string): string {
  const streamId = `${category}-${id}`;
  checkStreamId(streamId);
  return streamId;
}

/** Checked before anything is queued or sent: see {@link streamIdOf}. */
export function checkStreamId(streamId: string): void {
  const hyphen = streamId.indexOf("-");
  if (hyphen < 1 || hyphen === streamId.length - 1)
    refuse(streamId, "must be <category>-<id>, neither part empty");
  if (streamId.startsWith("$")) refuse(streamId, "must not start with $, which is reserved");
  if (streamId.length <= maxStreamIdBytes && printableAscii.test(streamId)) return;
  if (forbiddenCharacters.test(streamId))
    refuse(streamId, "must not contain control characters or lone surrogates");
  if (Buffer.byteLength(streamId) > maxStreamIdBytes)
    refuse(streamId, `must be at most ${maxStreamIdBytes} bytes`);
}

/** @throws TidemarkError `stream-name-invalid` naming the rule that the tenant's name breaks. */
export function checkTenant(tenant: string): void {
  if (tenant === "") return;
  if (!forbiddenCharacters.test(tenant) && Buffer.byteLength(tenant) <= maxStreamIdBytes) return;
  throw new TidemarkError(
    "stream-name-invalid",
    `The tenant ${JSON.stringify(tenant.slice(0, 80))} must have at most ${maxStreamIdBytes} bytes, without control characters or lone surrogates.`,
  );
}

/** Splits at the first hyphen, so ids may contain hyphens and categories may not. */
export function splitStreamId(streamId: string): { readonly category: string; readonly id: string } {
  const hyphen = streamId.indexOf("-");
  return { category: streamId.slice(0, hyphen), id: streamId.slice(hyphen + 1) };
}

function refuse(streamId: string, rule: string): never {
  throw new TidemarkError(
    "stream-name-invalid",
    `The stream name ${JSON.stringify(streamId.slice(0, 80))} ${rule}.`,
  );
}
