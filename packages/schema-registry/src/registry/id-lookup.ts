import { createKeptSchemas } from "./kept-schemas.ts";
import type { IdAnswer, IdQuestion, RegistryReader } from "./registry-storage.ts";
import type { FoundSchema, StoredSchema } from "./subject-version.ts";

type Storage = Pick<RegistryReader, "locateIds" | "findSchema">;

/** What an id stands for, or null. */
export type IdLookup = (question: IdQuestion) => Promise<FoundSchema | null>;

// Two, so that one slow answer does not hold up every caller behind it.
const statementsInFlight = 2;
const largestBatch = 500;
const keptCharacters = 16 * 1_048_576;

/**
 * Looks schemas up by id, which is what every consumer does first. A text never changes under its identity, so it is
 * kept; whether the id still stands for it is asked each time, since any process may delete it. Questions that
 * arrive while a statement is in flight share the next one: the answer is never older than the question.
 */
export function idLookup(storage: Storage): IdLookup {
  const locate = createLocator(storage);
  const kept = createKeptSchemas<StoredSchema>(keptCharacters);

  return async (question) => {
    const { context, id, subject } = question;
    const answer = await locate(question);
    if (answer === null) return null;
    const key = `${id} ${answer.identity}`;
    const known = kept.find(key);
    const schema = known ?? (await storage.findSchema(context, id));
    // Deleted in between.
    if (schema === null) return null;
    if (known === undefined) kept.add(`${id} ${schema.identity}`, schema, schema.schema.length);
    return subject === null || answer.version === null
      ? schema
      : { ...schema, subject, version: answer.version };
  };
}

interface WaitingQuestion {
  readonly question: IdQuestion;
  readonly resolve: (answer: IdAnswer | null) => void;
  readonly reject: (reason: unknown) => void;
}

function createLocator(storage: Storage): (question: IdQuestion) => Promise<IdAnswer | null> {
  const waiting: WaitingQuestion[] = [];
  let inFlight = 0;

  async function run(): Promise<void> {
    inFlight += 1;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, largestBatch);
      try {
        const answers = await storage.locateIds(batch.map(({ question }) => question));
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index] ?? null);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    inFlight -= 1;
  }

  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      if (inFlight < statementsInFlight) void run();
    });
}
