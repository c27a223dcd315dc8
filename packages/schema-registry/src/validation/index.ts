export { parseGuarded, unreadable } from "./parse-guarded.ts";
