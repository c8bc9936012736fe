// Builds ../static/build: style sheets, scripts, fonts and the icon sprite, every name carrying a hash of its content,
// and manifest.json (logical name → file name), which static_url() reads.
//   node build.mjs            build once
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "build");
const started = Date.now();

const result = await esbuild.build({
  absWorkingDir: here,
  entryPoints: ["css/app.css", "css/map.css", "js/app.js", "js/map.js", "js/passkeys.js", "js/photos.js"],
  outdir: out,
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2021", "chrome111", "firefox113", "safari16.4"],
  loader: { ".woff2": "file", ".png": "file" },
  legalComments: "none",
  metafile: true,
  write: false,
  logLevel: "warning",
});

const files = new Map(result.outputFiles.map((file) => [basename(file.path), file.contents]));
const manifest = {};
for (const [path, made] of Object.entries(result.metafile.outputs)) {
  const source = made.entryPoint ?? Object.keys(made.inputs)[0];
  manifest[logicalName(source)] = basename(path);
}

const sprite = await iconSprite();
const spriteName = `icons-${createHash("sha256").update(sprite).digest("hex").slice(0, 8)}.svg`;
files.set(spriteName, Buffer.from(sprite));
manifest["icons.svg"] = spriteName;

await mkdir(out, { recursive: true });
for (const [name, contents] of files) await writeFile(join(out, name), contents);
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest, Object.keys(manifest).sort(), 2) + "\n");
for (const name of await readdir(out)) {
  if (name !== "manifest.json" && !files.has(name)) await rm(join(out, name), { recursive: true });
}
console.log(`built ${files.size} files into neighbour/static/build in ${((Date.now() - started) / 1000).toFixed(1)} s`);

// "source-sans-3-latin-wght-normal.woff2" → "source-sans-3-latin.woff2": what pages preload
function logicalName(source) {
  return basename(source).replace("-wght-normal", "");
}

// One file of symbols, fetched once and kept; colour and stroke come from the page (class "icon").
async function iconSprite() {
  const names = (await readFile(join(here, "icons.txt"), "utf8")).split("\n").filter((line) => line && !line.startsWith("#"));
  const symbols = await Promise.all(names.map(async (name) => {
    const svg = await readFile(join(here, "node_modules", "lucide-static", "icons", `${name}.svg`), "utf8");
    const drawing = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.indexOf("</svg>")).replace(/\s*\n\s*/g, "");
    return `<symbol id="i-${name}" viewBox="0 0 24 24">${drawing}</symbol>`;
  }));
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}
