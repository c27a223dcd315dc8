import type { CommodityAmount } from "../source-record.ts";
import { readAmount, totalCost } from "./journal-amount.ts";
import { resolveAccount, type JournalContext } from "./journal-context.ts";
import { JournalSyntaxError, quote } from "./journal-syntax-error.ts";
import { scanText } from "./text-scanner.ts";

/** One posting line. `balanced` is `[account]`, `virtual` is `(account)`. */
export interface JournalPosting {
  readonly kind: "real" | "balanced" | "virtual";
  readonly line: number;
  readonly account: string;
  /** Null when it is to be inferred. */
  readonly amount: CommodityAmount | null;
  /** Signed total. */
  readonly cost: CommodityAmount | null;
  readonly hasAssertion: boolean;
  /** Account, amount and cost as written, without what may change later: marks, comments, assertions, spacing. */
  readonly identity: string;
}

const mark = /^[*!]\s*/;
const amountStart = / {2}|\t/;
const costMarker = /\(@@\)|\(@\)|@@|@/y;
const assertionMarker = /==?\*?/y;
const spaces = /\s+/y;
// One space is part of the name, so `assets:cash $10` would silently be an account of that name.
const amountInName = /\s[-+]?(?:\p{Sc}\s?[-+]?[\d.,]+|\d[\d,]*[.,]\d\d|\d[\d.,]*\s[A-Z]{3})$/u;

/** Cuts at the first `;` that is not inside a quoted commodity. */
function withoutComment(text: string): string {
  if (!text.includes(";")) return text.trim();
  return (/^(?:[^";]|"[^"]*"|")*/.exec(text)?.[0] ?? "").trim();
}

function splitAccount(text: string): { written: string; rest: string } {
  const end = text.search(amountStart);
  const written = end === -1 ? text.trimEnd() : text.slice(0, end);
  if (written.includes(";")) {
    throw new JournalSyntaxError(
      `At least two spaces must stand between the account and ";" in ${quote(text)}`,
    );
  }
  const rest = end === -1 ? "" : withoutComment(text.slice(end));
  if (rest === "" && amountInName.test(written)) {
    throw new JournalSyntaxError(
      `At least two spaces must stand between account and amount in ${quote(text)}`,
    );
  }
  return { written, rest };
}

function readAccount(written: string, context: JournalContext): Pick<JournalPosting, "kind" | "account"> {
  const bracketed = /^(?:\((.*)\)|\[(.*)\])$/.exec(written);
  const name = (bracketed?.[1] ?? bracketed?.[2] ?? written).trim();
  if (name === "") throw new JournalSyntaxError("The posting has no account");
  const account = resolveAccount(context, name);
  if (bracketed === null) return { kind: "real", account };
  return { kind: bracketed[1] === undefined ? "balanced" : "virtual", account };
}

function readAmounts(
  text: string,
  context: JournalContext,
): Pick<JournalPosting, "amount" | "cost" | "hasAssertion"> & { asWritten: string } {
  const scanner = scanText(text);
  if (text.startsWith("(")) {
    throw new JournalSyntaxError(`The amount ${quote(text)} is an expression: write its value`);
  }
  let amount: CommodityAmount | null = null;
  let cost: CommodityAmount | null = null;
  if (text !== "" && !text.startsWith("=")) {
    amount = readAmount(scanner, context);
    const marker = scanner.take(costMarker);
    if (marker !== null) {
      scanner.take(spaces);
      cost = totalCost(amount, marker.includes("@@") ? "@@" : "@", readAmount(scanner, context));
    }
  }
  const asWritten = text.slice(0, scanner.position()).replaceAll(/\s+/g, " ").trim();
  const hasAssertion = scanner.take(assertionMarker) !== null;
  if (hasAssertion && amount === null) {
    throw new JournalSyntaxError(
      `${quote(text)} sets the account to a balance: write the amount that the posting moves`,
    );
  }
  const rest = hasAssertion ? "" : scanner.rest();
  if (/^[{[(]/.test(rest)) {
    throw new JournalSyntaxError(`Lots such as ${quote(rest)} are not imported: write the cost with @ or @@`);
  }
  if (rest !== "") throw new JournalSyntaxError(`${quote(rest)} is not understood behind the amount`);
  return { amount, cost, hasAssertion, asWritten };
}

/** Reads one indented line; null for a comment. Throws {@link JournalSyntaxError} without a line. */
export function readPosting(line: number, text: string, context: JournalContext): JournalPosting | null {
  const trimmed = text.trim();
  if (trimmed.startsWith(";")) return null;
  const { written, rest } = splitAccount(trimmed.replace(mark, ""));
  const { kind, account } = readAccount(written, context);
  // It takes no part in the entry, so nothing in its amount can spoil it.
  if (kind === "virtual") {
    return { kind, line, account, amount: null, cost: null, hasAssertion: false, identity: "" };
  }
  const { asWritten, ...amounts } = readAmounts(rest, context);
  return { kind, line, account, ...amounts, identity: `${kind} ${account}  ${asWritten}` };
}
