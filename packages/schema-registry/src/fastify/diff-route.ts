import { z } from "zod";
import type { Incompatibility } from "../compatibility/incompatibility.ts";
import type { AffectedReader } from "../diff/version-diff.ts";
import type { SubjectVersion } from "../registry/subject-version.ts";
import { parseVersion } from "../registry/version-number.ts";
import { affectedReaderShape, answers, changeShape, incompatibilityShape } from "./registry-answer-schema.ts";
import type { RouteScope } from "./registry-route-host.ts";

const diffParams = z.object({ subject: z.string(), from: z.string(), to: z.string() });

const side = z.object({
  version: z.number().int(),
  id: z.number().int(),
  deleted: z.literal(true).exactOptional(),
  ts: z.number().int(),
  author: z.string().exactOptional(),
});

const verdict = z.object({
  is_compatible: z.boolean(),
  incompatibilities: z.array(incompatibilityShape).readonly(),
});

const diffAnswer = answers(
  z.object({
    subject: z.string(),
    from: side,
    to: side,
    changes: z.array(changeShape).readonly(),
    compatibility: z.object({
      backward: verdict.describe("Whether the second version reads data of the first"),
      forward: verdict.describe("Whether the first version reads data of the second"),
    }),
    affectedReaders: z.array(affectedReaderShape).readonly(),
  }),
);

/** What separates two versions of a subject. */
export function diffRoute({ routes, registryOf }: RouteScope): void {
  routes.get(
    "/subjects/:subject/diff/:from/:to",
    {
      schema: {
        tags: ["subjects"],
        summary: "What separates two versions, and who still reads a field that is gone",
        params: diffParams,
        response: diffAnswer,
      },
    },
    async (request) => {
      const { params } = request;
      const [from, to] = [parseVersion(params.from), parseVersion(params.to)];
      const diff = await registryOf(request).diffVersions(params.subject, from, to);
      return {
        subject: diff.subject,
        from: sideAnswer(diff.from),
        to: sideAnswer(diff.to),
        changes: diff.changes,
        compatibility: {
          backward: verdictOf(diff.backward),
          forward: verdictOf(diff.forward),
        },
        affectedReaders: diff.affectedReaders.map(readerAnswer),
      };
    },
  );
}

function sideAnswer({ version, id, deleted, author, registeredAt }: SubjectVersion): z.input<typeof side> {
  return {
    version,
    id,
    ...(deleted && { deleted }),
    ts: registeredAt.getTime(),
    ...(author !== null && { author }),
  };
}

function verdictOf(incompatibilities: readonly Incompatibility[]): z.input<typeof verdict> {
  return { is_compatible: incompatibilities.length === 0, incompatibilities };
}

function readerAnswer(reader: AffectedReader): z.input<typeof affectedReaderShape> {
  const { announcedAt, supersededAt, ...field } = reader;
  return {
    ...field,
    announcedAt: announcedAt.toISOString(),
    supersededAt: supersededAt?.toISOString() ?? null,
  };
}
