//! Opening the catalog: settings, migrations, the writer's lock, and transactions that carry a revision.
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::fault::fault;
use super::first_count::FirstCount;
use super::lock::WriterLock;
use super::sql::one;
use crate::diagnostic::{Error, Kind, Place, Result};
use crate::value::time::to_utc_text;

/// Marks the file as ours: "PRVY".
const APPLICATION_ID: i32 = 0x5052_5659;

/// Each edition of the schema, in order; `PRAGMA user_version` counts how many a file has had.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_catalog.sql")];

/// Foreign programs (a backup, a `sqlite3` shell) may hold the file for a moment.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a catalog is. Opening it is the business of [`Catalog::read`] and [`Catalog::write`].
#[derive(Debug, Clone)]
pub struct Catalog {
    path: PathBuf,
}

/// Reads one consistent state at a time and never waits for a writer, but for one that brings the first products.
pub struct Reader {
    pub(super) conn: Connection,
}

/// The only one who writes, as long as it lives.
pub struct Writer {
    pub(super) conn: Connection,
    pub(super) run_id: i64,
    /// What it writes goes straight into the file for now.
    is_straight: Cell<bool>,
    /// SQLite looks up what each row refers to.
    looks_up: Cell<bool>,
    _lock: WriterLock,
}

/// One transaction of the writer. Dropping it undoes everything.
pub struct Change<'w> {
    pub(super) tx: Transaction<'w>,
    pub(super) run_id: i64,
    /// When it happens, in UTC.
    pub(super) now: Timestamp,
    /// There were no products before.
    pub(super) is_first: bool,
    /// SQLite looks up what each row refers to.
    looks_up: bool,
    revision: Cell<Option<i64>>,
    peeked: Cell<Option<i64>>,
    /// Variants whose `available` may differ from the sum of their levels; many may stand here more than once.
    pub(super) unsettled: RefCell<Vec<i64>>,
    /// First counts that wait to be written together.
    pub(super) first_counts: RefCell<Vec<FirstCount>>,
    /// How the indexes are made that wait for the end of a first load.
    pub(super) indexes_put_off: RefCell<Vec<String>>,
}

impl Catalog {
    /// The catalog of the shop in `dir`, which need not exist yet.
    pub fn of_shop(dir: &Path) -> Catalog {
        Catalog { path: dir.join("shop.db") }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Makes an empty catalog; does nothing where there is one already.
    pub fn create(&self, now: Timestamp) -> Result<()> {
        self.open_writer("purvey init", now, Duration::ZERO, OpenFlags::SQLITE_OPEN_CREATE).map(drop)
    }

    /// Opens it for reading. Needs no lock and takes none.
    pub fn read(&self) -> Result<Reader> {
        self.require()?;
        self.undo_killed_load();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags).map_err(fault)?;
        conn.busy_timeout(BUSY_TIMEOUT).map_err(fault)?;
        self.check_edition(&conn)?;
        if edition(&conn)? < MIGRATIONS.len() {
            return Err(self
                .wrong_edition("was made by an older purvey")
                .help("run `purvey doctor` once: it brings the catalog up to date"));
        }
        Ok(Reader { conn })
    }

    /// Takes back what a first load wrote that was killed; who only reads could not. While it still runs, its lock
    /// keeps SQLite from it. Where it fails, reading fails, too, and says why.
    fn undo_killed_load(&self) {
        if !self.path.with_extension("db-journal").exists() {
            return;
        }
        let conn = Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE);
        let _ = conn.and_then(|conn| conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())));
    }

    /// Opens it for `command` as the one writer, waiting at most `wait` for another. Migrates an older file.
    pub fn write(&self, command: &str, now: Timestamp, wait: Duration) -> Result<Writer> {
        self.require()?;
        self.open_writer(command, now, wait, OpenFlags::empty())
    }

    fn open_writer(&self, command: &str, now: Timestamp, wait: Duration, create: OpenFlags) -> Result<Writer> {
        let lock = WriterLock::take(&self.path.with_extension("db.lock"), command, &to_utc_text(now), wait)?;
        let fresh = !self.path.exists();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
        let conn = Connection::open_with_flags(&self.path, flags).map_err(fault)?;
        conn.busy_timeout(BUSY_TIMEOUT).map_err(fault)?;
        // A file killed between its creation and its first migration is still empty: it is as good as fresh.
        if fresh || is_empty(&conn)? {
            // The page size (a fifth smaller and 10-30 % faster than 4 KiB, measured) can only be set before the first write.
            conn.execute_batch("PRAGMA page_size = 16384; PRAGMA auto_vacuum = NONE;").map_err(fault)?;
        } else {
            self.check_edition(&conn)?;
        }
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA secure_delete = FAST; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;",
        )
        .map_err(fault)?;
        conn.set_prepared_statement_cache_capacity(128);
        // Else SQLite plans a cached statement anew whenever a bound value could let it use a partial index.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fault)?;
        let mut writer =
            Writer { conn, run_id: 0, is_straight: Cell::new(false), looks_up: Cell::new(true), _lock: lock };
        writer.migrate()?;
        writer.run_id = super::run::start(&writer.conn, command, now)?;
        Ok(writer)
    }

    fn require(&self) -> Result<()> {
        if self.path.is_file() {
            return Ok(());
        }
        let dir = self.path.parent().unwrap_or(Path::new("."));
        Err(Error::new(Kind::NoCatalog, "catalog/none-here", format!("no catalog in {}", dir.display()))
            .at(Place::file(self.path.display().to_string()))
            .help("run `purvey init` here, or choose the shop's folder with `purvey -C DIR`"))
    }

    fn check_edition(&self, conn: &Connection) -> Result<()> {
        let id: i32 = conn.pragma_query_value(None, "application_id", |r| r.get(0)).map_err(fault)?;
        if id != APPLICATION_ID {
            return Err(Error::new(
                Kind::Io,
                "catalog/foreign",
                format!("{} is not a purvey catalog", self.path.display()),
            )
            .help("it was left as it is; choose another folder with -C DIR, or move that file away"));
        }
        if edition(conn)? > MIGRATIONS.len() {
            return Err(self
                .wrong_edition("was made by a newer purvey")
                .help("install the newer purvey; the file was left as it is"));
        }
        Ok(())
    }

    fn wrong_edition(&self, why: &str) -> Error {
        Error::new(Kind::Io, "catalog/edition", format!("{} {why}", self.path.display()))
    }
}

fn is_empty(conn: &Connection) -> Result<bool> {
    conn.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |r| r.get(0)).map_err(fault)
}

fn edition(conn: &Connection) -> Result<usize> {
    let version: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(fault)?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

impl Writer {
    fn migrate(&mut self) -> Result<()> {
        let have = edition(&self.conn)?;
        if have == MIGRATIONS.len() {
            return Ok(());
        }
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        for sql in &MIGRATIONS[have..] {
            tx.execute_batch(sql).map_err(fault)?;
        }
        tx.pragma_update(None, "user_version", MIGRATIONS.len() as i64).map_err(fault)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID).map_err(fault)?;
        tx.commit().map_err(fault)
    }

    /// Opens a transaction that may bring a whole catalog.
    ///
    /// A first load is written straight into the file: there is next to nothing of which a rollback journal has to keep
    /// the old state, and through the write-ahead log every page would be written twice. Who reads meanwhile, and would
    /// find a catalog without products, is told that it is busy; as long as somebody does read, the log is used.
    ///
    /// Nor does SQLite look up what each row refers to: whoever writes so many has just found or made it, and five
    /// look-ups for a level of stock cost as much as the level. Builds with debug assertions, and so all tests, look at
    /// the end whether that is true.
    pub fn load(&mut self, now: Timestamp) -> Result<Change<'_>> {
        let is_first =
            self.conn.query_row("SELECT NOT EXISTS (SELECT 1 FROM product)", [], |r| r.get(0)).map_err(fault)?;
        self.write_straight(is_first)?;
        self.look_up(false)?;
        Ok(Change { is_first, ..self.begin(now)? })
    }

    fn look_up(&self, wanted: bool) -> Result<()> {
        if self.looks_up.replace(wanted) != wanted {
            self.conn.pragma_update(None, "foreign_keys", wanted).map_err(fault)?;
        }
        Ok(())
    }

    fn write_straight(&self, wanted: bool) -> Result<()> {
        if self.is_straight.get() == wanted {
            return Ok(());
        }
        self.conn.busy_timeout(Duration::ZERO).map_err(fault)?;
        let mode = if wanted { "DELETE" } else { "WAL" };
        let is_set = self.conn.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(()));
        self.conn.busy_timeout(BUSY_TIMEOUT).map_err(fault)?;
        match is_set {
            Ok(()) => self.is_straight.set(wanted),
            Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
            Err(e) => return Err(fault(e)),
        }
        Ok(())
    }

    /// Opens a transaction that happens at `now`.
    pub fn change(&mut self, now: Timestamp) -> Result<Change<'_>> {
        self.look_up(true)?;
        self.begin(now)
    }

    fn begin(&mut self, now: Timestamp) -> Result<Change<'_>> {
        let (run_id, looks_up) = (self.run_id, self.looks_up.get());
        let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        Ok(Change {
            tx,
            run_id,
            now,
            is_first: false,
            looks_up,
            revision: Cell::new(None),
            peeked: Cell::new(None),
            unsettled: RefCell::default(),
            first_counts: RefCell::default(),
            indexes_put_off: RefCell::default(),
        })
    }

    /// The same state the next change will start from.
    pub fn reader(&self) -> &Connection {
        &self.conn
    }
}

impl Drop for Writer {
    /// From now on nobody waits to read. Where it fails, whoever writes next sees to it.
    fn drop(&mut self) {
        let _ = self.write_straight(false);
    }
}

impl Change<'_> {
    /// The revision of this change, taken when the first statement needs it: a change that changes nothing has none.
    pub(super) fn revision(&self) -> Result<i64> {
        if let Some(revision) = self.revision.get() {
            return Ok(revision);
        }
        let revision = self
            .tx
            .query_row("UPDATE counter SET value = value + 1 WHERE name = 'revision' RETURNING value", [], |r| r.get(0))
            .map_err(fault)?;
        self.revision.set(Some(revision));
        Ok(revision)
    }

    /// The run this change belongs to: part of the key of a cause that is a person's deed.
    pub fn run_id(&self) -> i64 {
        self.run_id
    }

    /// What [`Change::revision`] is or would be, without taking it.
    pub(super) fn peek_revision(&self) -> Result<i64> {
        if let Some(revision) = self.revision.get().or(self.peeked.get()) {
            return Ok(revision);
        }
        let next = self
            .tx
            .query_row("SELECT value + 1 FROM counter WHERE name = 'revision'", [], |r| r.get(0))
            .map_err(fault)?;
        self.peeked.set(Some(next));
        Ok(next)
    }

    pub(super) fn now_text(&self) -> String {
        to_utc_text(self.now)
    }

    /// Makes everything in it true at once.
    pub fn commit(self) -> Result<()> {
        self.write_first_counts()?;
        self.need_indexes()?;
        if let Some(revision) = self.revision.get() {
            self.settle(revision)?;
            self.tx
                .execute("UPDATE counter SET value = ?1 WHERE name = 'changed_at'", [self.now.as_second()])
                .map_err(fault)?;
        }
        if cfg!(debug_assertions) && !self.looks_up {
            self.look_up_all()?;
        }
        self.tx.commit().map_err(fault)
    }

    fn look_up_all(&self) -> Result<()> {
        let sql = "SELECT concat_ws(' ', \"table\", rowid, 'of', parent) FROM pragma_foreign_key_check LIMIT 1";
        match one(&self.tx, sql, [], |r| r.get::<_, String>(0))? {
            None => Ok(()),
            Some(orphan) => Err(Error::bug(format!("a row refers to nothing: {orphan}"))),
        }
    }
}

impl Reader {
    /// The revision of the newest change.
    pub fn revision(&self) -> Result<i64> {
        self.conn.query_row("SELECT value FROM counter WHERE name = 'revision'", [], |r| r.get(0)).map_err(fault)
    }

    pub fn conn(&self) -> &Connection {
        &self.conn
    }

    pub fn into_connection(self) -> Connection {
        self.conn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> Timestamp {
        "2026-11-25T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_new_catalog_has_the_settings_we_promise() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Catalog::of_shop(dir.path());
        assert_eq!(catalog.read().err().unwrap().kind, Kind::NoCatalog);
        catalog.create(at()).unwrap();
        let writer = catalog.write("purvey test", at(), Duration::ZERO).unwrap();
        let text =
            |p: &str| writer.conn.pragma_query_value(None, p, |r| r.get::<_, rusqlite::types::Value>(0)).unwrap();
        use rusqlite::types::Value::*;
        assert_eq!(text("journal_mode"), Text("wal".into()));
        assert_eq!(text("synchronous"), Integer(2));
        assert_eq!(text("foreign_keys"), Integer(1));
        assert_eq!(text("page_size"), Integer(16384));
        drop(writer);
        assert_eq!(catalog.read().unwrap().revision().unwrap(), 0);
    }

    #[test]
    fn a_first_load_goes_straight_into_the_file_and_a_killed_one_is_undone() {
        let (dir, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let catalog = Catalog::of_shop(dir.path());
        catalog.create(at()).unwrap();
        let mut writer = catalog.write("purvey test", at(), Duration::ZERO).unwrap();
        // so small that the file is written to before the end
        writer.conn.execute_batch("PRAGMA cache_size = 4").unwrap();
        let change = writer.load(at()).unwrap();
        let sql = "INSERT INTO product (item_group_id, title, description, revision) VALUES (?1, 'Tea', ?2, 1)";
        let text = "leaf ".repeat(4_000);
        for n in 0..50 {
            change.tx.execute(sql, [&n.to_string(), &text]).unwrap();
        }
        for name in ["shop.db", "shop.db-journal"] {
            std::fs::copy(dir.path().join(name), killed.path().join(name)).unwrap();
        }
        change.commit().unwrap();
        drop(writer);
        let length = || std::fs::metadata(killed.path().join("shop.db")).unwrap().len();
        let half_loaded = length();
        for (dir, products) in [(&dir, 50), (&killed, 0)] {
            let reader = Catalog::of_shop(dir.path()).read().unwrap();
            let count: i64 = reader.conn.query_row("SELECT count(*) FROM product", [], |r| r.get(0)).unwrap();
            assert_eq!(count, products);
        }
        let reader = catalog.read().unwrap();
        let mode: String = reader.conn.pragma_query_value(None, "journal_mode", |r| r.get(0)).unwrap();
        assert_eq!(mode, "wal");
        assert!(length() < half_loaded);
    }

    #[test]
    fn a_file_that_is_not_ours_or_is_newer_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let catalog = Catalog::of_shop(dir.path());
        Connection::open(catalog.path()).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        let before = std::fs::read(catalog.path()).unwrap();
        assert_eq!(catalog.write("purvey test", at(), Duration::ZERO).err().unwrap().code, "catalog/foreign");
        assert_eq!(std::fs::read(catalog.path()).unwrap(), before);

        std::fs::remove_file(catalog.path()).unwrap();
        catalog.create(at()).unwrap();
        Connection::open(catalog.path()).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert_eq!(catalog.write("purvey test", at(), Duration::ZERO).err().unwrap().code, "catalog/edition");
        assert_eq!(catalog.read().err().unwrap().code, "catalog/edition");

        std::fs::write(catalog.path(), "no database at all, just text that someone saved here").unwrap();
        assert_eq!(catalog.read().err().unwrap().code, "catalog/corrupt");
    }
}
