export { default as ledger } from "./app.ts";
