import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compileFunction } from "node:vm";

/**
 * Loads generated protobuf modules of a folder apart from the rest of the process.
 *
 * They keep their classes in a global variable `proto`, and look them up there while they encode: where two versions of
 * the same messages are loaded, such as both clients for KurrentDB, the last one encodes for all. The node must work
 * beside any client, so its copy gets a `proto` of its own. In strict mode the generated code takes `window` for the
 * global object, which is how it finds this one.
 */
export function createGeneratedLoader(folder: string, require: NodeJS.Require): (name: string) => unknown {
  const global = { proto: {} };
  const loaded = new Map<string, { exports: unknown }>();

  function load(name: string): unknown {
    const path = join(folder, name);
    const present = loaded.get(path);
    if (present !== undefined) return present.exports;
    const module = { exports: {} };
    loaded.set(path, module);
    const requireFrom = (request: string) =>
      request.startsWith(".") ? load(join(dirname(name), request)) : require(request);
    const source = `"use strict"; ${readFileSync(path, "utf8")}`;
    const parameters = ["exports", "require", "module", "window", "proto"];
    compileFunction(source, parameters, { filename: path })(
      module.exports,
      requireFrom,
      module,
      global,
      global.proto,
    );
    return module.exports;
  }

  return load;
}
