import { createHash } from "node:crypto";

/**
 * The statements that hold `subject` alone and `shared` subjects against change until the transaction ends. Every
 * transaction locks in the order of the keys, so two that refer to each other's subjects cannot deadlock.
 */
export function registryLockStatement(schema: string, subject: string, shared: readonly string[]): string {
  const own = lockKey(schema, subject);
  const others = new Set(shared.map((name) => lockKey(schema, name)));
  others.add(lockKey(schema, everySubject));
  others.delete(own);
  return [own, ...others]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((key) =>
      key === own ? `select pg_advisory_xact_lock(${key})` : `select pg_advisory_xact_lock_shared(${key})`,
    )
    .join("; ");
}

// No subject holds a control character.
const everySubject = "\0";

/** The statement that holds every subject until the transaction ends. */
export function importLockStatement(schema: string): string {
  return `select pg_advisory_xact_lock(${lockKey(schema, everySubject)})`;
}

function lockKey(schema: string, subject: string): bigint {
  return createHash("sha256")
    .update(`tidemark schema registry\0${schema}\0${subject}`)
    .digest()
    .readBigInt64BE();
}
