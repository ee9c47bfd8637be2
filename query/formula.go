package query

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// formula is arithmetic over the series of a trend.
type formula struct {
	op          byte // + - * /, n (a number) or s (a series)
	number      float64
	series      int
	left, right *formula
}

// parseFormula reads a formula over some series. Its grammar:
//
//	sum     = product { ("+" | "-") product }
//	product = factor { ("*" | "/") factor }
//	factor  = [ "-" ] ( number | letter | "(" sum ")" )
func parseFormula(text string, series int) (*formula, error) {
	if len(text) > maxFormula {
		return nil, fmt.Errorf("a formula has at most %d bytes", maxFormula)
	}
	p := &formulaParser{rest: text, series: series}
	f, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.skip(); p.rest != "" {
		return nil, fmt.Errorf("an operator is expected before %q", clip(p.rest))
	}
	return f, nil
}

// formulaParser depends on maxFormula to bound its recursion.
type formulaParser struct {
	rest   string
	series int
}

func (p *formulaParser) skip() { p.rest = strings.TrimLeft(p.rest, " \t") }

// next takes one of some characters off, 0 if none of them is next.
func (p *formulaParser) next(of string) byte {
	p.skip()
	if p.rest == "" || strings.IndexByte(of, p.rest[0]) < 0 {
		return 0
	}
	c := p.rest[0]
	p.rest = p.rest[1:]
	return c
}

func (p *formulaParser) sum() (*formula, error) { return p.chain("+-", p.product) }

func (p *formulaParser) product() (*formula, error) { return p.chain("*/", p.factor) }

func (p *formulaParser) chain(operators string, operand func() (*formula, error)) (*formula, error) {
	left, err := operand()
	for err == nil {
		op := p.next(operators)
		if op == 0 {
			return left, nil
		}
		var right *formula
		if right, err = operand(); err == nil {
			left = &formula{op: op, left: left, right: right}
		}
	}
	return nil, err
}

func (p *formulaParser) factor() (*formula, error) {
	if p.next("-") != 0 {
		f, err := p.factor()
		return &formula{op: '-', left: &formula{op: 'n'}, right: f}, err
	}
	if p.next("(") != 0 {
		f, err := p.sum()
		if err == nil && p.next(")") == 0 {
			return nil, fmt.Errorf("a parenthesis is not closed")
		}
		return f, err
	}
	if p.rest == "" {
		return nil, fmt.Errorf("the formula ends where a series or a number is expected")
	}
	if c := p.rest[0] &^ 0x20; c >= 'A' && c <= 'Z' {
		if int(c-'A') >= p.series {
			return nil, fmt.Errorf("%q is no series; the last is %q", p.rest[:1], string(rune('A'+max(0, p.series-1))))
		}
		p.rest = p.rest[1:]
		return &formula{op: 's', series: int(c - 'A')}, nil
	}
	digits := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789."))
	number, err := strconv.ParseFloat(p.rest[:digits], 64)
	if err != nil {
		return nil, fmt.Errorf("a series or a number is expected before %q", clip(p.rest))
	}
	p.rest = p.rest[digits:]
	return &formula{op: 'n', number: number}, nil
}

// value computes the formula, nil where a series has none or something is
// divided by 0.
func (f *formula) value(of func(series int) *float64) *float64 {
	var result float64
	switch f.op {
	case 'n':
		result = f.number
	case 's':
		return of(f.series)
	default:
		left, right := f.left.value(of), f.right.value(of)
		if left == nil || right == nil {
			return nil
		}
		switch f.op {
		case '+':
			result = *left + *right
		case '-':
			result = *left - *right
		case '*':
			result = *left * *right
		case '/':
			result = *left / *right
		}
	}
	if math.IsNaN(result) || math.IsInf(result, 0) {
		return nil
	}
	if result == 0 {
		result = 0 // there is no negative one
	}
	return &result
}
