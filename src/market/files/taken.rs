//! Files that are moved when they are read: claimed, read, and moved on once their orders are kept.
use super::{Cursor, Files, Listed, ORDERS};
use crate::diagnostic::Result;
use crate::market::{Method, OrderPage, Port, PullFrom, Request};

pub(super) const TAKEN: &[&str] = &["orders", "taken"];
pub(super) const DONE: &[&str] = &["orders", "done"];

/// How names end under which programs write what is not whole yet.
const PARTS: [&str; 4] = [".part", ".filepart", ".tmp", ".crdownload"];

/// What became of a file that was to be moved.
enum Moved {
    Yes,
    /// Somebody else was quicker, or one of that name is there.
    No,
    /// A dry run.
    Withheld,
}

impl Files {
    pub(super) fn take(&self, port: &dyn Port, from: &PullFrom, mut cursor: Cursor) -> Result<OrderPage> {
        let taken = self.list(port, TAKEN)?;
        let is_kept = |file: &Listed| cursor.read.get(&file.name).is_some_and(|kept| *kept == file.state());
        let (kept, left): (Vec<Listed>, Vec<Listed>) = taken.into_iter().partition(is_kept);
        for file in &kept {
            self.move_on(port, file)?;
        }
        cursor.read.clear();
        let mut page = OrderPage { orders: Vec::new(), unreadable: Vec::new(), next: None, more: false };
        // a run died before it could keep their orders
        let mut left = left.into_iter();
        let mut next = left.next().map(|file| (file, TAKEN));
        page.more = left.next().is_some();
        let mut new = self.list(port, ORDERS)?.into_iter().filter(|file| is_whole(file, from)).peekable();
        while next.is_none()
            && let Some(file) = new.next()
        {
            next = match self.rename(port, (ORDERS, &file.name), (TAKEN, &file.name))? {
                Moved::Yes => Some((file, TAKEN)),
                Moved::Withheld => Some((file, ORDERS)),
                Moved::No => None,
            };
        }
        if let Some((file, folder)) = next {
            self.fill(port, folder, &file, &mut page)?;
            // a dry run ends here: what it did not move would be next again
            page.more = folder == TAKEN && (page.more || new.peek().is_some());
            cursor.read.insert(file.name.clone(), file.state());
        }
        page.next = Some(cursor.written()?);
        Ok(page)
    }

    /// Under the time of its last change, so that one of the same name can follow.
    fn move_on(&self, port: &dyn Port, file: &Listed) -> Result<()> {
        let name = format!("{}-{}", file.modified.strftime("%Y%m%dT%H%M%SZ"), file.name);
        self.rename(port, (TAKEN, &file.name), (DONE, &name)).map(drop)
    }

    fn rename(&self, port: &dyn Port, from: (&[&str], &str), to: (&[&str], &str)) -> Result<Moved> {
        let path = |(folder, name): (&[&str], &str)| [folder.join("/").as_str(), name].join("/");
        let request = Request::new(Method::Post, "move", &[from.0, &[from.1]].concat())?.query("to", path(to));
        // the second of two finds nothing to move
        let answer = port.send(request.repeatable())?;
        Ok(match answer.status {
            _ if answer.is_withheld() => Moved::Withheld,
            404 => Moved::No,
            _ => Moved::Yes,
        })
    }
}

fn is_whole(file: &Listed, from: &PullFrom) -> bool {
    file.modified <= from.until && !PARTS.iter().any(|part| file.name.to_ascii_lowercase().ends_with(part))
}
