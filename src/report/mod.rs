//! All that purvey prints: diagnostics, tables, progress, JSON.
