import type { DecimalMark, KnownMarks } from "./journal-number.ts";

/** The commodity of amounts that name none: ISO 4217's code for "no currency is involved". */
export const noCommodity = "XXX";

interface AccountAlias {
  readonly from: string;
  readonly to: string;
}

/** What the directives above a line have fixed for it. One object a file, changed as the file is read. */
export interface JournalContext {
  defaultYear: number | null;
  defaultCommodity: string | null;
  /** From `decimal-mark`: for every commodity. */
  fileMark: DecimalMark | null;
  /** From `D`: for commodities without a mark of their own. */
  defaultMark: DecimalMark | null;
  /** From `commodity` directives. */
  readonly declaredMarks: Map<string, DecimalMark>;
  /** From earlier amounts of the commodity; "mixed" when they disagree. */
  readonly observedMarks: Map<string, DecimalMark | "mixed">;
  /** The newest first: that is the order in which they are applied. */
  readonly aliases: AccountAlias[];
  readonly accountPrefixes: string[];
}

export function createJournalContext(): JournalContext {
  return {
    defaultYear: null,
    defaultCommodity: null,
    fileMark: null,
    defaultMark: null,
    declaredMarks: new Map(),
    observedMarks: new Map(),
    aliases: [],
    accountPrefixes: [],
  };
}

export function knownMarksOf(context: JournalContext, commodity: string): KnownMarks {
  const observed = context.observedMarks.get(commodity);
  return {
    declared: context.fileMark ?? context.declaredMarks.get(commodity) ?? context.defaultMark,
    observed: observed === undefined || observed === "mixed" ? null : observed,
  };
}

/** Remembers that a number of this commodity could only be read with this mark. */
export function observeDecimalMark(context: JournalContext, commodity: string, mark: DecimalMark): void {
  const known = context.observedMarks.get(commodity);
  if (known === mark || known === "mixed") return;
  context.observedMarks.set(commodity, known === undefined ? mark : "mixed");
}

/** The account's full name: below the prefixes of `apply account`, then renamed by each alias. */
export function resolveAccount(context: JournalContext, written: string): string {
  let name = [...context.accountPrefixes, written].join(":");
  for (const { from, to } of context.aliases) {
    if (name === from) name = to;
    else if (name.startsWith(`${from}:`)) name = to + name.slice(from.length);
  }
  return name;
}
