/** The types that requests may have; the first three are also those of answers, the first by default. */
export const requestTypes = [
  "application/vnd.schemaregistry.v1+json",
  "application/vnd.schemaregistry+json",
  "application/json",
  "application/octet-stream",
] as const;

const answerTypes = requestTypes.slice(0, 3);

export const standardAnswerType = requestTypes[0];

/** The media type of the answer by an Accept header, or null. A bare `*`, which plain Java sends, means any type. */
export function negotiateAnswerType(accept: string | undefined): string | null {
  if (accept === undefined || accept.trim() === "") return standardAnswerType;
  let best: { readonly type: string; readonly quality: number } | undefined;
  for (const range of accept.split(",")) {
    const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const quality = qualityOf(parameters);
    const type = answerTypes.find((candidate) => covers(name, candidate));
    if (type !== undefined && quality > (best?.quality ?? 0)) best = { type, quality };
  }
  return best?.type ?? null;
}

function covers(range: string, type: string): boolean {
  return range === type || range === "*" || range === "*/*" || range === "application/*";
}

function qualityOf(parameters: readonly string[]): number {
  const written = parameters.find((parameter) => parameter.startsWith("q="));
  const quality = written === undefined ? 1 : Number(written.slice(2));
  return Number.isNaN(quality) ? 1 : quality;
}
