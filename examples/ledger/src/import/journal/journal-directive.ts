import type { JournalBlock } from "./journal-block.ts";
import { readAmountStyle } from "./journal-amount.ts";
import type { JournalContext } from "./journal-context.ts";
import { JournalSyntaxError, quote } from "./journal-syntax-error.ts";
import { scanText } from "./text-scanner.ts";

type Apply = (context: JournalContext, argument: string, block: JournalBlock) => void;

const ignore: Apply = () => undefined;

/** hledger and Ledger directives that say nothing an import needs. */
const ignored = [
  ..."P A N C i o h b O = ~".split(" "),
  ..."account payee tag bucket capture check assert eval expr define def value python".split(" "),
  ..."apply-tag end-apply-tag end-tag apply-fixed end-apply-fixed end-fixed comment test".split(" "),
];

/** The comment of a directive stands behind two spaces, since one may be part of a name. */
function withoutComment(text: string): string {
  return text.replace(/\s;.*$/s, "").trim();
}

const applyYear: Apply = (context, argument) => {
  const year = withoutComment(argument);
  if (!/^\d{4}$/.test(year)) throw new JournalSyntaxError(`${quote(year)} is not a year of four digits`);
  context.defaultYear = Number(year);
};

const applyDefaultCommodity: Apply = (context, argument) => {
  const { commodity, mark } = readAmountStyle(scanText(withoutComment(argument)));
  if (commodity === "")
    throw new JournalSyntaxError("D needs an amount with a commodity, such as D $1,000.00");
  context.defaultCommodity = commodity;
  context.defaultMark = mark;
};

const applyCommodity: Apply = (context, argument, block) => {
  const declared = readAmountStyle(scanText(withoutComment(argument)));
  if (declared.mark !== null) context.declaredMarks.set(declared.commodity, declared.mark);
  for (const { text } of block.body) {
    const format = /^\s*format\s+(.*)$/s.exec(text)?.[1];
    if (format === undefined) continue;
    const { mark } = readAmountStyle(scanText(withoutComment(format)));
    if (mark !== null) context.declaredMarks.set(declared.commodity, mark);
  }
};

const applyDecimalMark: Apply = (context, argument) => {
  const mark = withoutComment(argument);
  if (mark !== "." && mark !== ",") throw new JournalSyntaxError('decimal-mark takes "." or ","');
  context.fileMark = mark;
};

const applyAlias: Apply = (context, argument) => {
  const [, from = "", to = ""] = /^([^=]*)=(.*)$/s.exec(withoutComment(argument)) ?? [];
  if (from.trim() === "" || to.trim() === "") throw new JournalSyntaxError("alias takes OLD = NEW");
  if (from.startsWith("/")) {
    throw new JournalSyntaxError(
      "Aliases by regular expression are not applied: the accounts below keep the names they are written with",
    );
  }
  context.aliases.unshift({ from: from.trim(), to: to.trim() });
};

const pushAccount: Apply = (context, argument) => {
  const prefix = withoutComment(argument);
  if (prefix === "") throw new JournalSyntaxError("apply account takes the name of a parent account");
  context.accountPrefixes.push(prefix);
};

const popAccount: Apply = (context) => {
  if (context.accountPrefixes.pop() === undefined) {
    throw new JournalSyntaxError("end apply account stands without an apply account above it");
  }
};

const clearAliases: Apply = (context) => {
  context.aliases.length = 0;
};

const refuseInclude: Apply = (_context, argument) => {
  throw new JournalSyntaxError(
    `The file ${quote(withoutComment(argument))} is not followed: import it by a command of its own`,
  );
};

const directives: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ...ignored.map((name): [string, Apply] => [name.replaceAll("-", " "), ignore]),
  ["Y", applyYear],
  ["year", applyYear],
  ["apply year", applyYear],
  ["D", applyDefaultCommodity],
  ["commodity", applyCommodity],
  ["decimal-mark", applyDecimalMark],
  ["alias", applyAlias],
  ["end aliases", clearAliases],
  ["apply account", pushAccount],
  ["end apply account", popAccount],
  ["end account", popAccount],
  ["include", refuseInclude],
]);

const names: ReadonlyMap<string, string> = new Map([
  ["=", "auto posting rule"],
  ["~", "periodic transaction"],
]);

// `Y2024` and `D$1` need no space; words do. Ledger allows `!` or `@` before a directive.
const head = /^[!@]?((?:end )?apply [a-z]+|end [a-z]+|[a-z][a-z-]+|[=~]|[A-Za-z](?![a-z]))\s*(.*)$/s;

/** The directive that the line begins with, or null. */
export function findDirective(text: string): { name: string; argument: string; apply: Apply } | null {
  const [, name = "", argument = ""] = head.exec(text) ?? [];
  const apply = directives.get(name);
  return apply === undefined ? null : { name: names.get(name) ?? name, argument, apply };
}

/** Changes the context as the block's directive says and returns the directive's name. */
export function readDirective(block: JournalBlock, context: JournalContext): string {
  const { text } = block.head;
  const directive = findDirective(text);
  if (directive === null) {
    const word = /^\S*/.exec(text)?.[0] ?? "";
    throw new JournalSyntaxError(`${quote(word)} begins neither an entry nor a directive that is known here`);
  }
  directive.apply(context, directive.argument, block);
  return directive.name;
}
