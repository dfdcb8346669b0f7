// Bundle the pages into calipso/ui/dist: hashed names, no inline code, notices, size within budget.
import { build } from "esbuild";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

const OUT = new URL("../calipso/ui/dist/", import.meta.url).pathname;
const BUDGET = 120 * 1024; // bytes of all files after gzip

await rm(OUT, { recursive: true, force: true });
await mkdir(join(OUT, "assets"), { recursive: true });

const HOW = {
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  entryNames: "[name]-[hash]",
  outdir: join(OUT, "assets"),
  metafile: true,
};
const names = (result) => Object.keys(result.metafile.outputs).map((name) => basename(name));
const [worker] = names(await build({ ...HOW, entryPoints: ["src/live-worker.ts"] }));
const made = names(
  await build({
    ...HOW,
    entryPoints: ["src/main.tsx"],
    define: { LIVE_WORKER: JSON.stringify(`/ui/assets/${worker}`) },
  }),
);
const script = made.find((name) => name.endsWith(".js"));
const style = made.find((name) => name.endsWith(".css"));
const page = (await readFile("src/index.html", "utf8"))
  .replace("main.js", `assets/${script}`)
  .replace("main.css", `assets/${style}`);
await writeFile(join(OUT, "index.html"), page);
await writeFile(join(OUT, "third-party-notices.txt"), await notices());

let total = 0;
for (const name of ["index.html", `assets/${script}`, `assets/${style}`, `assets/${worker}`]) {
  const size = gzipSync(await readFile(join(OUT, name))).length;
  total += size;
  console.log(`${name}: ${(size / 1024).toFixed(1)} KB after gzip`);
}
console.log(`together ${(total / 1024).toFixed(1)} of ${BUDGET / 1024} KB`);
if (total > BUDGET) {
  console.error("error: the pages are larger than their budget");
  process.exit(1);
}

// Licences of what the bundle holds: the packages of the lock file that are not for building only.
async function notices() {
  const lock = JSON.parse(await readFile("package-lock.json", "utf8"));
  const texts = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (!path || entry.dev) continue;
    const files = await readdir(path);
    const licence = files.find((name) => /^licen[cs]e/i.test(name));
    if (!licence) throw new Error(`${path} has no licence file`);
    const text = await readFile(join(path, licence), "utf8");
    texts.push(`${path.replace("node_modules/", "")} ${entry.version} (${entry.license})\n\n${text}`);
  }
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}
