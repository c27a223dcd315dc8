import { defineApplication } from "@tidemark/framework";
import { balances, balancesByHandlers } from "./rebuild-model.ts";

/** Whose read models are rebuilt, in a thread as an application does it. */
const application = defineApplication({
  name: "rebuild-bench",
  aggregates: [],
  projections: [balances, balancesByHandlers(1), balancesByHandlers(2)],
});

export default application;
