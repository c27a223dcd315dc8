import type { Mask, MaskParts } from "../log-transfer/mask.ts";
import { CliFailure } from "./cli-failure.ts";
import { loadModule } from "./load-module.ts";

const partNames: readonly (keyof MaskParts)[] = ["data", "metadata", "streamId"];

/** @throws CliFailure when the module is not there, or is no mask. */
export async function loadMask(path: string | undefined): Promise<Mask | undefined> {
  if (path === undefined) return undefined;
  const { exported, source } = await loadModule(path, "mask");
  if (isMask(exported)) return exported;
  throw new CliFailure(
    `The default export of ${source} is no mask: export default ({ type, data }) => data, ` +
      `or an object with functions for ${partNames.join(", ")}`,
  );
}

/** Whatever the functions return is checked event by event. */
function isMask(value: unknown): value is Mask {
  if (typeof value === "function") return true;
  if (typeof value !== "object" || value === null) return false;
  const parts = Object.entries(value);
  return (
    parts.length > 0 &&
    parts.every(([name, part]) => partNames.some((known) => known === name) && typeof part === "function")
  );
}
