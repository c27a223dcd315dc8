import { RegistryError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { createPace } from "../registry/event-loop-pace.ts";
import type { SchemaPreparation } from "../registry/schema-preparation.ts";
import { parseSubjectName } from "../registry/subject-name.ts";
import type { ApplicationReader, ReaderSchema, ReadingApplication } from "./reader-schema.ts";
import type { ReaderSchemaStorage } from "./reader-schema-storage.ts";

/** A reader schema as a caller sends it. */
export interface ReaderSchemaRequest extends Omit<ReaderSchema, "references"> {
  readonly references?: ReaderSchema["references"];
}

/** Who reads what: applications tell it when they start, so that removing a field shows whom it concerns. */
export interface ReaderSchemas {
  /**
   * Says with which schemas an application reads from now on: all of them, those that are left out are superseded.
   * They need not be versions of their subjects. Repeating it is harmless.
   *
   * @throws RegistryError `request-invalid`, `subject-invalid`, `schema-invalid`, `schema-too-large`
   */
  announceReaders(application: string, readers: readonly ReaderSchemaRequest[]): Promise<void>;

  /** The reader schemas of an application, or of all for one subject, superseded ones of the last 30 days included. */
  listReaders(filter: {
    readonly application?: string;
    readonly subject?: string;
  }): Promise<readonly ApplicationReader[]>;

  listApplications(): Promise<readonly ReadingApplication[]>;

  /** Removes an application that does not exist any more. @throws RegistryError `application-not-found` */
  forgetApplication(application: string): Promise<void>;
}

const mostReaders = 2_000;
const applicationName = /^[^\p{Control}\p{Surrogate}]{1,200}$/u;

export function readerSchemas(options: {
  readonly storage: ReaderSchemaStorage;
  readonly preparation: SchemaPreparation;
  readonly logger: Logger;
}): ReaderSchemas {
  const { storage, preparation, logger } = options;

  async function prepare({
    subject: text,
    ...request
  }: ReaderSchemaRequest): Promise<ReaderSchema & { readonly identity: string }> {
    const subject = parseSubjectName(text);
    const { schema, references, identity } = await preparation.prepare(subject, request);
    return { subject: subject.qualified, schema, references, identity };
  }

  return {
    async announceReaders(application, requests) {
      requireName(application);
      if (requests.length > mostReaders) {
        throw new RegistryError(
          "request-invalid",
          `${application} announces ${requests.length} reader schemas, more than the ${mostReaders} that are allowed`,
        );
      }
      const readers = new Map<string, Awaited<ReturnType<typeof prepare>>>();
      const pace = createPace();
      for (const request of requests) {
        await pace();
        const reader = await prepare(request);
        readers.set(`${reader.identity} ${reader.subject}`, reader);
      }
      await storage.announce(application, [...readers.values()]);
      logger.info({ application, readers: readers.size }, "reader schemas announced");
    },

    async listReaders({ application, subject }) {
      return storage.find({
        ...(application !== undefined && { application }),
        ...(subject !== undefined && { subject: parseSubjectName(subject).qualified }),
      });
    },

    listApplications: () => storage.listApplications(),

    async forgetApplication(application) {
      if (await storage.forget(application)) {
        logger.info({ application }, "application forgotten");
        return;
      }
      throw new RegistryError(
        "application-not-found",
        `Application '${application.slice(0, 200)}' has announced no reader schemas.`,
      );
    },
  };
}

function requireName(application: string): void {
  if (applicationName.test(application)) return;
  throw new RegistryError(
    "request-invalid",
    `The application name ${JSON.stringify(application.slice(0, 100))} is not valid: use 1 to 200 characters, none of them a control character`,
  );
}
