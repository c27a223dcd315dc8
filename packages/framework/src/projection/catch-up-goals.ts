import type { Build, BuildState } from "./build.ts";

/** Builds that must pass a position before they serve again, because they were left behind for a newer one. */
export class CatchUpGoals {
  readonly #goals = new Map<bigint, bigint>();

  set({ id }: Build, position: bigint): void {
    this.#goals.set(id, position);
  }

  isReached({ build, positions }: BuildState): boolean {
    const goal = this.#goals.get(build.id);
    if (goal === undefined) return true;
    if (positions.some(({ position }) => position < goal)) return false;
    this.#goals.delete(build.id);
    return true;
  }
}
