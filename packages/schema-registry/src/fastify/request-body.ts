import { RegistryError } from "../errors.ts";

// A schema is one string; the rest of a request is small, and so is a list of reader schemas.
const mostMembers = 20_000;
const deepest = 100;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const opening = new Set([0x5b, 0x7b]);
const closing = new Set([0x5d, 0x7d]);

/**
 * Reads a request's JSON. Its structure is bounded before anything is made of it: a body of a million empty objects
 * would cost minutes where each is checked, and one of a million brackets nearly a second in the parser.
 *
 * @throws RegistryError `malformed-body`, `request-invalid`
 */
export function parseRequestBody(text: string): unknown {
  if (text === "") return undefined;
  checkStructure(text);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RegistryError("malformed-body", `The body is not JSON: ${reason}`, { cause });
  }
}

function checkStructure(text: string): void {
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = endOfString(text, at);
    } else if (code === comma) {
      members += 1;
    } else if (opening.has(code)) {
      members += 1;
      depth += 1;
      if (depth > deepest) throw refused(`nests deeper than ${deepest} levels`);
    } else if (closing.has(code)) {
      depth -= 1;
    }
    if (members > mostMembers) throw refused(`has more than ${mostMembers} members`);
  }
}

/** The place of the closing quote; behind the text when there is none. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - slashes - 1) === backslash) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}

function refused(what: string): RegistryError {
  return new RegistryError("request-invalid", `The body ${what}; send less in one request`);
}
