import { runHttpLoad, type HttpLoad } from "./http-load.ts";

// A process of its own: the load must not share the event loop with what it measures.
process.on("message", (load: HttpLoad) => {
  void runHttpLoad(load).then((result) => process.send?.(result));
});
