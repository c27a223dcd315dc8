/**
 * Names what must be handled in order: the events of one key. While one of them cannot be handled, the later ones of
 * its sequence wait and those of other sequences go on.
 */
export type Sequence = string;

/** Events of one stream. */
export function streamSequence(streamId: string): Sequence {
  return `stream:${streamId}`;
}

/** Events of one key that the user's code computes: a row's key, or what `partitionBy` returns. */
export function keySequence(key: string): Sequence {
  return `key:${key}`;
}

export function isStreamSequence(sequence: Sequence): boolean {
  return sequence.startsWith("stream:");
}
