package chdb

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplitInsert(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]insert{
		"INSERT INTO t FORMAT Native":                      {"INSERT INTO t ", "Native", ""},
		"insert into db.t (a, b) format CSV\n1,2\n":        {"insert into db.t (a, b) ", "CSV", "1,2\n"},
		"INSERT INTO t FORMAT CSV 1,2":                     {"INSERT INTO t ", "CSV", "1,2"},
		"INSERT INTO t FORMAT TSV\r\na\tb\n":               {"INSERT INTO t ", "TSV", "a\tb\n"},
		"INSERT INTO t FORMAT TSV\n\tb\n":                  {"INSERT INTO t ", "TSV", "\tb\n"},
		"INSERT INTO t VALUES (1, 'SELECT')":               {"INSERT INTO t ", "Values", " (1, 'SELECT')"},
		"INSERT INTO TABLE t(a)VALUES(1)":                  {"INSERT INTO TABLE t(a)", "Values", "(1)"},
		"INSERT INTO values VALUES (1)":                    {"INSERT INTO values ", "Values", " (1)"},
		"INSERT INTO db.select VALUES (1)":                 {"INSERT INTO db.select ", "Values", " (1)"},
		"INSERT INTO `a ``) FORMAT b` VALUES (1)":          {"INSERT INTO `a ``) FORMAT b` ", "Values", " (1)"},
		"/* SELECT */ INSERT INTO t -- FORMAT x\nVALUES 1": {"/* SELECT */ INSERT INTO t -- FORMAT x\n", "Values", " 1"},
		"INSERT INTO t SETTINGS a='FORMAT', b=1 FORMAT Native": {
			"INSERT INTO t SETTINGS a='FORMAT', b=1 ", "Native", "",
		},
		"INSERT INTO FUNCTION null('x Int8') VALUES (1)": {"INSERT INTO FUNCTION null('x Int8') ", "Values", " (1)"},
	} {
		got, ok := splitInsert(sql)
		require.True(t, ok, sql)
		require.Equal(t, want, got, sql)
	}
	for _, sql := range []string{
		"", "SELECT 1 FORMAT Native", "INSERT", "INSERT INTO t", "INSERT INTO t SELECT 1 FORMAT Native",
		"INSERT INTO t (a) WITH x AS (SELECT 1) SELECT * FROM x", "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
		"INSERT INTO t FORMAT", "EXPLAIN INSERT INTO t VALUES (1)", "INSERT INTO t (", "'INSERT INTO t VALUES (1)",
	} {
		_, ok := splitInsert(sql)
		require.False(t, ok, sql)
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]statement{
		"":                                   {},
		" -- nothing":                        {},
		"select 1":                           {first: "SELECT"},
		"(SELECT 1) FORMAT JSON":             {first: "SELECT", format: "JSON"},
		"SELECT 1 FORMAT CSV;":               {first: "SELECT", format: "CSV"},
		"SELECT 1 FORMAT CSV SETTINGS a=1":   {first: "SELECT", format: "CSV"},
		"SELECT 1 SETTINGS a=1 FORMAT CSV":   {first: "SELECT", format: "CSV"},
		"SELECT format('{}', 1)":             {first: "SELECT"},
		"SELECT 'x FORMAT CSV'":              {first: "SELECT"},
		"SELECT $a$ FORMAT CSV; $b$ $a$":     {first: "SELECT"},
		"SELECT format FROM t":               {first: "SELECT"},
		"SELECT a.format b":                  {first: "SELECT"},
		"SELECT (SELECT 1 FORMAT CSV)":       {first: "SELECT"},
		"SELECT 1; SELECT 2":                 {first: "SELECT", several: true},
		"SELECT ';' ; -- and no more; at al": {first: "SELECT"},
		"SELECT 1;;":                         {first: "SELECT"},
		`SELECT "a""; b", 'c\'; d'`:          {first: "SELECT"},
		"WITH 1 AS x SELECT x FORMAT Native": {first: "WITH", format: "Native"},
		"SHOW TABLES FORMAT TSV":             {first: "SHOW", format: "TSV"},
		"SELECT 1 # FORMAT CSV\n":            {first: "SELECT"},
		"SELECT 'open":                       {first: "SELECT"},
		"SELECT $1":                          {first: "SELECT"},
	} {
		require.Equal(t, want, inspect(sql), sql)
	}
}

// FuzzScan holds that no text makes the scanner stop or run out of it.
func FuzzScan(f *testing.F) {
	f.Add("INSERT INTO t (a) VALUES ('\\', $x$ $x$) -- \n FORMAT CSV; /* ")
	f.Fuzz(func(t *testing.T, sql string) {
		s := scanner{sql: sql}
		end := 0
		for token, ok := s.next(); ok; token, ok = s.next() {
			require.Less(t, token.start, token.end)
			require.GreaterOrEqual(t, token.start, end)
			require.LessOrEqual(t, token.end, len(sql))
			end = token.end
		}
		inspect(sql)
		if split, ok := splitInsert(sql); ok {
			require.LessOrEqual(t, len(split.head)+len(split.format)+len(split.data), len(sql)+len("Values"))
		}
	})
}
