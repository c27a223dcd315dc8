import type { CompatibilityLevel } from "../compatibility/compatibility-level.ts";
import { RegistryError } from "../errors.ts";
import type { Registry } from "./registry.ts";
import type { RegistryMode } from "./registry-mode.ts";
import type { RegistryReader, RegistryStorage, Setting } from "./registry-storage.ts";
import { contextScope, parseContextName, parseSettingScope, type SubjectName } from "./subject-name.ts";

export interface EffectiveSetting {
  readonly level: CompatibilityLevel;
  readonly mode: RegistryMode;
}

export type SettingOperations = Pick<
  Registry,
  | "getCompatibility"
  | "setCompatibility"
  | "deleteCompatibility"
  | "getMode"
  | "setMode"
  | "deleteMode"
  | "deleteContext"
>;

const everything: SubjectName = { context: "", qualified: "" };

/** What applies to a scope: its own setting, else its context's, else the global one, else the default. */
export async function effectiveSetting(
  reader: RegistryReader,
  scope: SubjectName,
  defaultLevel: CompatibilityLevel,
): Promise<EffectiveSetting> {
  const scopes = [scope.qualified, contextScope(scope.context), everything.qualified];
  const found = await reader.readSettings(scopes);
  const first = <K extends keyof Setting>(member: K): Setting[K] | undefined =>
    scopes.map((name) => found.get(name)?.[member]).find((value) => value !== null && value !== undefined);
  return { level: first("level") ?? defaultLevel, mode: first("mode") ?? "READWRITE" };
}

/** @throws RegistryError `operation-not-permitted` */
export function refuseIfReadOnly(mode: RegistryMode, scope: SubjectName): void {
  if (mode !== "READONLY" && mode !== "FORWARD") return;
  const place = scope.qualified === "" ? "The registry" : `Subject ${scope.qualified}`;
  const state =
    mode === "READONLY"
      ? "is in read-only mode"
      : "is in FORWARD mode, so its writes belong to another registry; set READWRITE to take them here";
  throw new RegistryError("operation-not-permitted", `${place} ${state}`);
}

export function settingOperations(
  storage: RegistryStorage,
  defaultLevel: CompatibilityLevel,
): SettingOperations {
  async function own<K extends keyof Setting>(
    reader: RegistryReader,
    { qualified }: SubjectName,
    member: K,
  ): Promise<Setting[K] | null> {
    return (await reader.readSettings([qualified])).get(qualified)?.[member] ?? null;
  }

  /** Removes a setting and answers it; null when there was none. */
  async function remove<K extends keyof Setting>(scope: SubjectName, member: K): Promise<Setting[K] | null> {
    return storage.serialised({ subject: scope.qualified }, async (writer) => {
      if (member === "level") {
        refuseIfReadOnly((await effectiveSetting(writer, scope, defaultLevel)).mode, scope);
      }
      const before = await own(writer, scope, member);
      if (before !== null) await writer.writeSetting(scope.qualified, { [member]: null });
      return before;
    });
  }

  return {
    async getCompatibility(text, { defaultToGlobal = false } = {}) {
      const scope = scopeOf(text);
      const level = await own(storage, scope, "level");
      if (level) return level;
      if (text === undefined || defaultToGlobal) {
        return (await effectiveSetting(storage, scope, defaultLevel)).level;
      }
      throw new RegistryError(
        "compatibility-not-configured",
        `Subject '${text}' does not have subject-level compatibility configured`,
      );
    },

    async setCompatibility(level, text) {
      const scope = scopeOf(text);
      await storage.serialised({ subject: scope.qualified }, async (writer) => {
        refuseIfReadOnly((await effectiveSetting(writer, scope, defaultLevel)).mode, scope);
        await writer.writeSetting(scope.qualified, { level });
      });
    },

    async deleteCompatibility(text) {
      const before = await remove(scopeOf(text), "level");
      if (before) return before;
      if (text === undefined) return defaultLevel;
      throw new RegistryError("subject-not-found", `Subject '${text}' not found.`);
    },

    async getMode(text, { defaultToGlobal = false } = {}) {
      const scope = scopeOf(text);
      const mode = await own(storage, scope, "mode");
      if (mode) return mode;
      if (text === undefined || defaultToGlobal) {
        return (await effectiveSetting(storage, scope, defaultLevel)).mode;
      }
      throw new RegistryError(
        "mode-not-configured",
        `Subject '${text}' does not have subject-level mode configured`,
      );
    },

    async setMode(mode, text, { force = false } = {}) {
      const scope = scopeOf(text);
      await storage.serialised({ subject: scope.qualified }, async (writer) => {
        if (mode === "IMPORT" && !force && (await holdsVersions(writer, scope))) {
          throw new RegistryError(
            "operation-not-permitted",
            "Cannot import since found existing subjects; set force=true to import beside them",
          );
        }
        await writer.writeSetting(scope.qualified, { mode });
      });
    },

    async deleteMode(text) {
      const before = await remove(scopeOf(text), "mode");
      if (before) return before;
      if (text === undefined) return "READWRITE";
      throw new RegistryError("subject-not-found", `Subject '${text}' not found.`);
    },

    async deleteContext(text) {
      const context = parseContextName(text);
      const qualified = contextScope(context);
      await storage.serialised({ subject: qualified }, async (writer) => {
        const left = await writer.listVersions({ context, visibility: "all", limit: 1 });
        if (left.length > 0) {
          throw new RegistryError(
            "context-not-empty",
            `The context ${context} still holds versions, soft-deleted ones included; delete them permanently first`,
          );
        }
        await writer.writeSetting(qualified, { level: null, mode: null });
      });
    },
  };
}

function scopeOf(text: string | undefined): SubjectName {
  return text === undefined ? everything : parseSettingScope(text);
}

async function holdsVersions(reader: RegistryReader, { context, qualified }: SubjectName): Promise<boolean> {
  const place =
    qualified === "" ? {} : qualified === contextScope(context) ? { context } : { subject: qualified };
  return (await reader.listVersions({ ...place, visibility: "live", limit: 1 })).length > 0;
}
