package importer

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// csvSource reads comma-separated values whose first line names the columns.
type csvSource struct {
	in  *csv.Reader
	row row
}

func newCSV(m *mapping, in io.Reader) (source, error) {
	s := &csvSource{in: csv.NewReader(in)}
	s.in.ReuseRecord = true
	header, err := s.in.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file has no header line")
	}
	if err != nil {
		return nil, err
	}
	header = slices.Clone(header)
	for _, name := range header {
		if s.row.has(name) {
			return nil, fmt.Errorf("two columns are named %q", name)
		}
		s.row.cells = append(s.row.cells, cell{name: name})
	}
	return s, m.checkColumns(header)
}

func (s *csvSource) next() (*row, error) {
	cells, err := s.in.Read()
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		return nil, fmt.Errorf("%w: %w", errBadRow, err)
	}
	if err != nil {
		return nil, err
	}
	for i, text := range cells {
		s.row.cells[i].text = text
	}
	return &s.row, nil
}

// ndjsonSource reads one JSON object a line.
type ndjsonSource struct{ lines lines }

func (s *ndjsonSource) next() (*row, error) {
	line, err := s.lines.next()
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		return nil, fmt.Errorf("%w: %w", errBadRow, err)
	}
	if members == nil {
		return nil, fmt.Errorf("%w: the line is null, not an object", errBadRow)
	}
	r := &row{}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		r.cells = append(r.cells, cell{name: name, raw: members[name]})
	}
	r.message = r.has("type")
	return r, nil
}

// combinedSource reads an access log in the combined format.
type combinedSource struct{ lines lines }

func (s *combinedSource) next() (*row, error) {
	line, err := s.lines.next()
	if err != nil {
		return nil, err
	}
	r, ok := parseCombined(string(bytes.ToValidUTF8(line, []byte("\uFFFD"))))
	if !ok {
		return nil, fmt.Errorf("%w: the line is no access log line in the combined format", errBadRow)
	}
	return r, nil
}
