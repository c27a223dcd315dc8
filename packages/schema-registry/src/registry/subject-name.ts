import { RegistryError } from "../errors.ts";

/** A subject within its context. A context is an id space of its own; `.` is the default one. */
export interface SubjectName {
  readonly context: string;
  /** As callers see it: `name` in the default context, `:.context:name` elsewhere. */
  readonly qualified: string;
}

export const defaultContext = ".";

const longestSubject = 512;
const controlOrSurrogate = /[\p{Control}\p{Surrogate}]/u;
const reserved: readonly string[] = ["", "__GLOBAL", "__EMPTY"];

/**
 * Reads `name` or `:.context:name`; a name without a context is one of `parent`'s.
 *
 * @throws RegistryError `subject-invalid`
 */
export function parseSubjectName(text: string, parent: string = defaultContext): SubjectName {
  const { context, name } = splitContext(text, parent);
  if (reserved.includes(name)) throw invalid(text, "the name is empty or reserved");
  return { context, qualified: qualify(context, name) };
}

/** Reads a subject, or `:.context:` for the settings of a whole context. */
export function parseSettingScope(text: string): SubjectName {
  const { context, name } = splitContext(text, defaultContext);
  if (name === "" && context !== defaultContext) return { context, qualified: contextScope(context) };
  return parseSubjectName(text);
}

/** Reads a context as a path has it: `.name`, `name` or `:.name:`. @throws RegistryError `subject-invalid` */
export function parseContextName(text: string): string {
  requireSubjectText(text);
  const bare = text.replace(/^:|:$/g, "");
  const context = bare.startsWith(".") ? bare : `.${bare}`;
  if (context.includes(":")) throw invalid(text, "a context holds no colon");
  return context;
}

export function contextScope(context: string): string {
  return `:${context}:`;
}

/** @throws RegistryError `subject-invalid` when no subject could start with it */
export function requireSubjectText(text: string): void {
  if (text.length > longestSubject) throw invalid(text, `it is longer than ${longestSubject} characters`);
  if (controlOrSurrogate.test(text)) throw invalid(text, "it holds a control character");
}

function splitContext(text: string, parent: string): { context: string; name: string } {
  requireSubjectText(text);
  if (!text.startsWith(":.")) return { context: parent, name: text };
  const end = text.indexOf(":", 1);
  // Confluent reads `:.context` without a second colon as the context alone.
  return end < 0
    ? { context: text.slice(1), name: "" }
    : { context: text.slice(1, end), name: text.slice(end + 1) };
}

function qualify(context: string, name: string): string {
  return context === defaultContext ? name : `:${context}:${name}`;
}

function invalid(text: string, reason: string): RegistryError {
  const shown = JSON.stringify(text.slice(0, 100));
  return new RegistryError("subject-invalid", `The specified subject ${shown} is not valid: ${reason}`);
}
