import { Buffer } from "node:buffer";
import { v5 as uuid } from "uuid";
import type { ProposedRecord } from "./log-record.ts";

const namespace = "5b9e2a52-2f0e-4b3b-9d0e-4f7f3ad2a4b1";

/** What a node has written before its first client comes: nobody's revision 0 is position 0. */
export const systemRecords: readonly (readonly [stream: string, record: ProposedRecord])[] = [
  ["$epoch-information", systemRecord("$epoch-information", { EpochNumber: 0 })],
  ["$$$scavenges", systemRecord("$metadata", { $maxCount: 1_000 })],
  ["$$$user-admin", systemRecord("$metadata", { $acl: { $r: ["admin", "$admins"] } })],
  ["$user-admin", systemRecord("$UserCreated", { loginName: "admin", disabled: false })],
  ["$users", systemRecord("$User", "admin")],
];

function systemRecord(type: string, data: unknown): ProposedRecord {
  const text = JSON.stringify(data);
  return {
    id: uuid(`${type} ${text}`, namespace),
    type,
    contentType: "application/json",
    data: Buffer.from(text, "utf8"),
    customMetadata: new Uint8Array(0),
  };
}
