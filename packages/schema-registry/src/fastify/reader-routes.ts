import { z } from "zod";
import type { ApplicationReader } from "../usage/reader-schema.ts";
import { answers, emptyAnswer } from "./registry-answer-schema.ts";
import { schemaReference, subjectParams } from "./registry-request.ts";
import type { RouteScope } from "./registry-route-host.ts";

const applicationParams = z.object({ application: z.string() });

const readersBody = z.object({
  readers: z.array(
    z.object({
      subject: z.string(),
      schema: z.string(),
      references: z
        .array(schemaReference)
        .nullish()
        .transform((list) => list ?? []),
    }),
  ),
});

const readerShape = z.object({
  application: z.string(),
  subject: z.string(),
  schema: z.string(),
  references: z.array(schemaReference).readonly(),
  firstAnnouncedAt: z.string(),
  announcedAt: z.string().describe("When an instance last started with it"),
  supersededAt: z.string().nullable().describe("When an instance started without it"),
});

const readersAnswer = answers(z.array(readerShape).readonly());

const applicationsAnswer = answers(
  z.array(z.object({ application: z.string(), subjects: z.number().int(), announcedAt: z.string() })),
);

/** Who reads what: not of Confluent's API. */
export function readerRoutes({ routes, registryOf }: RouteScope): void {
  const tags = ["readers"];

  routes.get(
    "/applications",
    { schema: { tags, summary: "The applications that read", response: applicationsAnswer } },
    async (request) => {
      const applications = await registryOf(request).listApplications();
      return applications.map(({ announcedAt, ...application }) => ({
        ...application,
        announcedAt: announcedAt.toISOString(),
      }));
    },
  );

  routes.put(
    "/applications/:application/readers",
    {
      schema: {
        tags,
        summary: "Say with which schemas an application reads; those left out are superseded",
        params: applicationParams,
        body: readersBody,
        response: emptyAnswer,
      },
    },
    async (request) => {
      await registryOf(request).announceReaders(request.params.application, request.body.readers);
      return {};
    },
  );

  routes.get(
    "/applications/:application/readers",
    {
      schema: {
        tags,
        summary: "The schemas with which an application reads",
        params: applicationParams,
        response: readersAnswer,
      },
    },
    async (request) => (await registryOf(request).listReaders(request.params)).map(readerAnswer),
  );

  routes.delete(
    "/applications/:application",
    {
      schema: {
        tags,
        summary: "Forget an application that does not exist any more",
        params: applicationParams,
        response: emptyAnswer,
      },
    },
    async (request) => {
      await registryOf(request).forgetApplication(request.params.application);
      return {};
    },
  );

  routes.get(
    "/subjects/:subject/readers",
    {
      schema: {
        tags,
        summary: "The applications that read a subject",
        params: subjectParams,
        response: readersAnswer,
      },
    },
    async (request) => (await registryOf(request).listReaders(request.params)).map(readerAnswer),
  );
}

function readerAnswer(reader: ApplicationReader): z.input<typeof readerShape> {
  const { firstAnnouncedAt, announcedAt, supersededAt, ...what } = reader;
  return {
    ...what,
    firstAnnouncedAt: firstAnnouncedAt.toISOString(),
    announcedAt: announcedAt.toISOString(),
    supersededAt: supersededAt?.toISOString() ?? null,
  };
}
