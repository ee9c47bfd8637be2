package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/footfall-go/footfall/ingest/importer"
	"github.com/footfall-go/footfall/tenant"
)

// shownRejections is how many refused rows are printed one by one.
const shownRejections = 10

// importFiles is the command import.
func importFiles(ctx context.Context, p *Process, args []string) (err error) {
	f := newRemoteFlags("import", " FILE…")
	id := f.String("tenant", "", "`id` of the tenant whose rows these are")
	name := f.String("name", "", "`name` under which rows are counted (default: the file's)")
	format := f.String("format", "", "`form` of the rows: ndjson, csv or combined (default: by the file's name)")
	zone := f.String("zone", "UTC", "time `zone` of timestamps that name none")
	templates := list{sep: "\n"}
	f.Var(&templates, "map", "`FIELD=TEMPLATE`: what a message field is made of; repeatable")
	files, err := f.parse(p, args)
	if err != nil {
		return err
	}

	cfg := importer.Config{Name: *name, Format: importer.Format(*format), Map: map[string]string{}}
	if cfg.Tenant, err = tenant.ParseID(*id); err != nil {
		return usagef("--tenant: %w", err)
	}
	if cfg.Zone, err = time.LoadLocation(*zone); err != nil {
		return usagef("--zone: %w", err)
	}
	for _, text := range templates.items {
		field, template, ok := strings.Cut(text, "=")
		if !ok {
			return usagef("--map %s: write FIELD=TEMPLATE", text)
		}
		cfg.Map[field] = template
	}
	if len(files) == 0 {
		return usagef("name the files to import; - is standard input")
	}
	if cfg.Name == "" {
		if cfg.Name, err = importName(files); err != nil {
			return err
		}
	}
	if cfg.Format == "" {
		if cfg.Format = importer.FormatOf(files[0]); cfg.Format == "" {
			return usagef("--format is required: %s does not tell it", files[0])
		}
	}
	server, err := f.find()
	if err != nil {
		return err
	}
	cfg.URL, cfg.AdminKey = server.URL, server.AdminKey
	if server.PID != 0 { // found by its folder, where it leaves word after a restart too
		cfg.Locate = func() (string, string, error) {
			server, err := readRunFile(f.data)
			if err != nil {
				return "", "", err
			}
			return server.URL, server.AdminKey, nil
		}
	}

	if err := cfg.Validate(); err != nil {
		return usagef("%w", err)
	}

	var inputs []io.Reader
	for _, file := range files {
		if file == "-" {
			inputs = append(inputs, p.Stdin)
			continue
		}
		in, err := os.Open(file)
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }() // was only read
		inputs = append(inputs, in)
	}
	refused := 0
	cfg.OnReject = func(r importer.Rejection) {
		if refused++; refused <= shownRejections {
			_, _ = fmt.Fprintf(p.Stderr, "row %d refused: %s: %s\n", r.Row, r.Code, r.Message)
		}
	}
	res, err := importer.Run(ctx, cfg, inputs...)
	if refused > shownRejections {
		_, _ = fmt.Fprintf(p.Stderr, "and %d more rows refused\n", refused-shownRejections)
	}
	if err != nil {
		return fmt.Errorf("after row %d: %w; run it again to go on from there", res.Position, err)
	}
	if before := res.Position - res.Rows; before > 0 {
		_, _ = fmt.Fprintf(p.Stderr, "rows 1 to %d of the import %q were in already\n", before, cfg.Name)
	}
	return json.NewEncoder(p.Stdout).Encode(res)
}

// importName makes the name of an import from its files' names.
func importName(files []string) (string, error) {
	var names []string
	for _, file := range files {
		if file == "-" {
			return "", usagef("--name is required where rows come from standard input")
		}
		names = append(names, filepath.Base(file))
	}
	return strings.Join(names, "+"), nil
}
