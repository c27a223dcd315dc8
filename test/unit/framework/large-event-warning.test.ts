import { silentLogger } from "@tidemark/framework";
import { expect, test } from "vitest";
import { LargeEventWarning } from "../../../packages/framework/src/event-store/large-event-warning.ts";
import { sampleEvents } from "../../support/sample-events.ts";

test("an event of 64 KiB is warned of, once for each type; a smaller one is not", () => {
  const warnings: string[] = [];
  const warning = new LargeEventWarning({
    ...silentLogger,
    warn: (_, message) => void warnings.push(message),
  });
  const meta = Buffer.alloc(3);
  const sized = (type: string, bytes: number) =>
    sampleEvents(2, { type, data: Buffer.alloc(bytes - 3), meta });
  warning.check(sized("a.Small", 65_535));
  expect(warnings).toEqual([]);
  warning.check(sized("a.Large", 65_536));
  warning.check([...sized("a.Large", 70_000), ...sized("b.Large", 70_000)]);
  expect(warnings).toEqual([
    "The event a.Large has 65536 bytes: keep large content elsewhere and refer to it",
    "The event b.Large has 70000 bytes: keep large content elsewhere and refer to it",
  ]);
});
