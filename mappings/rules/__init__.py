"""What a table needs beyond copying fields: one file per pair of tables that needs it (engine.md section 19)."""
