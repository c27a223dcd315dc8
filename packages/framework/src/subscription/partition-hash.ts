/** Number of places in the partition hash space; partitions are ranges of `0..65535`. */
export const partitionHashSpace = 65_536;

/**
 * The place of a key in the partition hash space: 32-bit FNV-1a over the key's UTF-8 bytes, mixed by the finalizer of
 * MurmurHash3, upper 16 bits. Fixed for ever: checkpoints and stored streams depend on it, and the SQL function
 * `partition_hash` computes the same.
 */
export function partitionHash(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    const code = key.charCodeAt(index);
    if (code > 0x7f) return mix(hashBytes(Buffer.from(key)));
    hash = Math.imul(hash ^ code, 0x01000193);
  }
  return mix(hash);
}

function hashBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

// FNV alone leaves the upper bits of keys that differ only in their last character nearly equal, and ranges split by
// the upper bits.
function mix(fnv: number): number {
  let hash = fnv ^ (fnv >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return hash >>> 16;
}
