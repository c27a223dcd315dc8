import type { Protocol, shared } from "./protocol.ts";

/** Text of a UUID that came as text or as two signed 64-bit halves. */
export function uuidText(uuid: shared.UUID | undefined): string {
  const structured = uuid?.getStructured();
  if (structured === undefined) return uuid?.getString().toLowerCase() ?? "";
  const half = (bits: string) => BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, "0");
  const hex = half(structured.getMostSignificantBits()) + half(structured.getLeastSignificantBits());
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/u, "$1-$2-$3-$4-");
}

export function uuidMessage(protocol: Protocol, text: string, structured = false): shared.UUID {
  const message = new protocol.shared.UUID();
  if (!structured) return message.setString(text);
  const hex = text.replaceAll("-", "");
  const half = (from: number) => BigInt.asIntN(64, BigInt(`0x${hex.slice(from, from + 16)}`)).toString();
  const halves = new protocol.shared.UUID.Structured();
  halves.setMostSignificantBits(half(0));
  halves.setLeastSignificantBits(half(16));
  return message.setStructured(halves);
}
