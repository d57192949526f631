//! Units taken out of an order. A repeat would take out as many again, so it is not made blindly.
use serde_json::json;

use super::{Vendure, ask, made, ship};
use crate::diagnostic::Result;
use crate::market::faults::rejected;
use crate::market::{Cancellation, Port, Receipt};

impl Vendure {
    pub(super) fn cancel_units(&self, port: &dyn Port, cancellation: &Cancellation) -> Result<Receipt> {
        let told = self.expect(port, &cancellation.order_id)?;
        let mut wanted = Vec::with_capacity(cancellation.lines.len());
        for (line_id, units) in &cancellation.lines {
            let line = told.lines.iter().find(|line| line.id == *line_id);
            let line = line.ok_or_else(|| rejected(format!("order {} has no line {line_id}", told.id)))?;
            let open = line.quantity.saturating_sub(ship::shipped(&told, line_id));
            let canceled = line.order_placed_quantity.saturating_sub(line.quantity);
            if *units <= open {
                wanted.push(json!({ "orderLineId": line_id, "quantity": units }));
            } else if canceled < *units {
                let message = format!("{units} units of line {line_id} cannot be canceled, {open} are open");
                return Err(rejected(message));
            }
        }
        if wanted.is_empty() {
            return Ok(Receipt::AlreadyDone);
        }
        let input = json!({
            "orderId": cancellation.order_id,
            "lines": wanted,
            "reason": cancellation.reason,
            "cancelShipping": false,
        });
        if let Some(changed) = self.change(port, "cancel", &ask::cancel(), json!({ "input": input }), false)? {
            made(&changed)?;
        }
        Ok(Receipt::Done)
    }
}
