import { errorTable, TidemarkError, type ErrorCode } from "@tidemark/framework";
import { frameworkProblem } from "@tidemark/framework/fastify";
import { expect, test } from "vitest";

test("a store that was replaced under a running server is a 503 with its code, not a fault of the server", () => {
  const error = new TidemarkError("log-diverged", "The server has no event store.", {
    details: { retryAfterSeconds: 30 },
  });
  expect(frameworkProblem(error)).toMatchObject({ status: 503, code: "log-diverged", retryAfter: 30 });
});

test("what is a fault of a definition or a deployment is left to be logged", () => {
  const codes = Object.keys(errorTable) as ErrorCode[]; // the table's keys are the codes
  for (const code of codes) {
    const problem = frameworkProblem(new TidemarkError(code, "why"));
    expect(problem === null, code).toBe(errorTable[code].status === 500);
  }
});
