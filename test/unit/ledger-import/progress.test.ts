import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { createProgress } from "../../../examples/ledger/src/import/progress.ts";

function manualTime() {
  let now = 0;
  return { clock: () => now, pass: (ms: number) => void (now += ms) };
}

function written(stream: PassThrough): string {
  return String(stream.read() ?? "");
}

test("without a terminal, a plain line comes every few seconds, and one at the end", () => {
  const { clock, pass } = manualTime();
  const stream = new PassThrough();
  const progress = createProgress({ label: "Import", total: 10_000_000, unit: "bytes", stream, clock });
  for (let second = 1; second <= 5; second++) {
    pass(1_000);
    progress.update(second * 1_000_000);
  }
  progress.log("a.csv:3: no date");
  progress.stop();
  progress.stop();
  progress.update(9_000_000);
  expect(written(stream).split("\n")).toEqual([
    "Import: 30 %, 3.0 of 10.0 MB, 1.0 MB/s, 00:07 left",
    "a.csv:3: no date",
    "Import: 50 %, 5.0 of 10.0 MB, 1.0 MB/s, 00:05 left",
    "",
  ]);
});

test("the rate is that of the last ten seconds", () => {
  const { clock, pass } = manualTime();
  const stream = new PassThrough();
  const progress = createProgress({ label: "Rebuild", total: null, unit: "events", stream, clock });
  for (let second = 1; second <= 60; second++) {
    pass(1_000);
    progress.update(second <= 40 ? second : 40 + (second - 40) * 2_000, 1_000_000);
  }
  progress.stop();
  expect(written(stream).split("\n").at(-2)).toBe(
    "Rebuild: 4 %, 40,040 of 1,000,000 events, 2,000 events/s, 08:00 left",
  );
});

test("without a total, no end is estimated; an empty total is complete", () => {
  const { clock, pass } = manualTime();
  const stream = new PassThrough();
  const unknown = createProgress({ label: "Rebuild", total: null, unit: "events", stream, clock });
  pass(1_000);
  unknown.update(1_500);
  unknown.stop();
  createProgress({ label: "Nothing", total: 0, unit: "events", stream, clock }).stop();
  expect(written(stream)).toBe("Rebuild: 1,500 events, 1,500 events/s\nNothing: 100 %, 0 of 0 events\n");
});

test("with json, each line is an object", () => {
  const { clock, pass } = manualTime();
  const stream = new PassThrough();
  const progress = createProgress({ label: "Import", total: 100, unit: "events", stream, json: true, clock });
  pass(5_000);
  progress.update(50);
  progress.log('a "b"');
  progress.stop();
  const lines = written(stream).trim().split("\n");
  const state = { progress: "Import", unit: "events", done: 50, total: 100, perSecond: 10, secondsLeft: 5 };
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([state, { message: 'a "b"' }, state]);
});

test("on a terminal, a bar is drawn, logged lines stand above it, and none is lost", () => {
  const { clock, pass } = manualTime();
  const stream = Object.assign(new PassThrough(), {
    isTTY: true,
    columns: 120,
    clearLine: () => true,
    cursorTo: () => true,
    moveCursor: () => true,
  });
  const progress = createProgress({ label: "Import", total: null, unit: "bytes", stream, clock });
  pass(1_000);
  progress.update(1_000_000, 2_000_000);
  progress.log("a.csv:3: no date");
  progress.stop();
  const output = written(stream);
  expect(output).toContain("a.csv:3: no date\n");
  expect(output).toMatch(/Import \[=+-+\] 50 % \| 1\.0 of 2\.0 MB, 1\.0 MB\/s, 00:01 left/);
  expect(output.indexOf("no date")).toBeLessThan(output.lastIndexOf("Import ["));
});
