import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const root = new URL("../../", import.meta.url);
const folder = new URL("node_modules/.cache/docs-compile/", root);

/** The fenced `ts` blocks of a page, each a file of its own that starts on its line of the page. */
function blocks(page: string, text: string): readonly { readonly name: string; readonly code: string }[] {
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match, index) => ({
    name: `${page.replaceAll(/[^a-z0-9]+/gi, "-")}-${index + 1}.ts`,
    code: `${match[1] ?? ""}\nexport {};\n`,
  }));
}

async function pages(): Promise<readonly string[]> {
  const docs = await readdir(new URL("docs/", root), { recursive: true });
  return ["README.md", ...docs.filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`)];
}

it("compiles every TypeScript block of README and docs", async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const found = await Promise.all(
    (await pages()).map(async (page) => blocks(page, await readFile(new URL(page, root), "utf8"))),
  );
  const files = found.flat();
  expect(files.length).toBeGreaterThan(0);
  for (const { name, code } of files) await writeFile(new URL(name, folder), code);
  const compilerOptions = {
    composite: false,
    declarationMap: false,
    noEmit: true,
    customConditions: ["source"],
  };
  const config = {
    extends: "../../../tsconfig.base.json",
    compilerOptions: {
      ...compilerOptions,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
    },
    include: ["*.ts"],
  };
  await writeFile(new URL("tsconfig.json", folder), JSON.stringify(config));
  const tsc = fileURLToPath(new URL("node_modules/.bin/tsc", root));
  const result = await promisify(execFile)(tsc, ["-p", fileURLToPath(folder)]).catch(
    (error: { stdout: string }) => error,
  );
  expect(result.stdout).toBe("");
});

it("keeps the README's example at about 60 lines", async () => {
  const [example] = blocks("README.md", await readFile(new URL("README.md", root), "utf8"));
  const lines = (example?.code ?? "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("//"));
  expect(lines.length).toBeLessThanOrEqual(60);
});
