import type { Protocol, shared } from "./protocol.ts";

/** A stream's name travels as UTF-8 bytes. */
export function streamName(identifier: shared.StreamIdentifier | undefined): string {
  return identifier === undefined ? "" : Buffer.from(identifier.getStreamName_asU8()).toString("utf8");
}

export function streamIdentifier(protocol: Protocol, name: string): shared.StreamIdentifier {
  return new protocol.shared.StreamIdentifier().setStreamName(Buffer.from(name, "utf8"));
}
