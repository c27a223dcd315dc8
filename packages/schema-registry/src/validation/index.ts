export { parseGuarded } from "./parse-guarded.ts";
