import { createHash } from "node:crypto";
import { v5 } from "uuid";

const namespace = "9c2f1d1e-6f0b-5a57-8f7e-2b8f6d0c4a31";

/**
 * Gives each entry of one file its id: uuid v5 of the text's sha256 and of how many equal texts came before it. So
 * equal entries are distinct, and the ids stay the same when other entries are added anywhere in the file. The count
 * by hash is all that an import keeps of the entries it has read.
 */
export function createEntryIdentity(): (text: string) => string {
  const occurrences = new Map<string, number>();
  return (text) => {
    const hash = createHash("sha256").update(text).digest();
    const key = hash.toString("latin1");
    const occurrence = occurrences.get(key) ?? 0;
    occurrences.set(key, occurrence + 1);
    return v5(`${hash.toString("hex")}:${occurrence}`, namespace);
  };
}
