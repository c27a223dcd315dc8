import fc from "fast-check";
import { expect, test } from "vitest";
import {
  DurationHistogram,
  durationBounds,
} from "../../../packages/framework/src/telemetry/duration-histogram.ts";

test("a duration is in every bucket whose bound it does not exceed", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 20_000, noNaN: true })), (milliseconds) => {
      const histogram = new DurationHistogram();
      for (const duration of milliseconds) histogram.ended(0, duration);
      expect(histogram.count).toBe(milliseconds.length);
      expect(histogram.sum).toBeCloseTo(milliseconds.reduce((sum, each) => sum + each, 0) / 1_000, 6);
      expect(histogram.cumulative).toEqual(
        durationBounds.map((bound) => milliseconds.filter((each) => each / 1_000 <= bound).length),
      );
    }),
  );
});

test("a clock that is set back measures nothing", () => {
  const histogram = new DurationHistogram();
  histogram.ended(10, 5);
  expect([histogram.sum, histogram.count]).toEqual([0, 1]);
});
