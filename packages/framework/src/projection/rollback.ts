import { TidemarkError } from "../errors.ts";
import type { AnyProjection } from "./any-projection.ts";
import type { Build, BuildState } from "./build.ts";
import type { FollowOptions } from "./follow-rebuild.ts";

export interface RollbackOptions extends FollowOptions {
  /** Number of a retired build of this code's version. Default: the newest. */
  readonly build?: number;
  /** Let it serve although events of it are parked. Default false. */
  readonly activateWithParked?: boolean;
}

/**
 * The build that a rollback goes back to: the one that is on its way already; the one of this version that another
 * version has replaced; else the newest that a rebuild has.
 *
 * @param number asks for one build of the version
 * @throws TidemarkError `build-refused` with what can be done instead.
 */
export function chooseRollback(
  { name, version }: AnyProjection,
  states: readonly BuildState[],
  number?: number,
): Build {
  const kept = states.map(({ build }) => build).filter(({ projection }) => projection === name);
  const own = kept.filter((build) => build.version === version);
  const building = own.find(({ status }) => status === "building");
  if (building !== undefined && !building.returning) {
    refuse(name, `build ${building.number} is under way: wait until it serves, or cancel it, then roll back`);
  }
  const asked = building ?? own.find((build) => build.status === "retired" && build.serving);
  const retired = own.filter(({ status }) => status === "retired").toSorted((a, b) => b.number - a.number);
  const found =
    number === undefined ? (asked ?? retired[0]) : [building, ...retired].find((it) => it?.number === number);
  if (found !== undefined) return found;
  if (number !== undefined) refuse(name, `no retired build ${number} of version ${version} is kept`);
  const older = kept.filter((build) => build.version < version).map((build) => build.version);
  if (older.length === 0) refuse(name, "no earlier build is kept: build the read model anew instead");
  const previous = Math.max(...older);
  return refuse(
    name,
    `the build before is of version ${previous}, which only code of that version can bring up to date: ` +
      `deploy the code that defines version ${previous}, and roll back there`,
  );
}

function refuse(projection: string, reason: string): never {
  throw new TidemarkError("build-refused", `The projection ${projection} cannot be rolled back: ${reason}.`, {
    details: { projection },
  });
}
