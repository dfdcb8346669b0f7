// A source in TypeScript without imports, for Node that reads only JavaScript.
import { readFile } from "node:fs/promises";
import { transform } from "esbuild";

export async function load(name) {
  const source = await readFile(new URL(`../src/${name}`, import.meta.url), "utf8");
  const { code } = await transform(source, { loader: "ts", format: "esm" });
  return import(`data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}
