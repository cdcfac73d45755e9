// A samplesheet: its rows, checked against assets/schema_input.json. All that is wrong with it is said, a line each.
include { editDistance ; faultOf ; faultOfFile ; fileOf } from './parameters'
include { nearest ; shown                               } from './parameters'

// The samples in order, each a map of column to value: text, a file, true or false; null where the cell is empty; of markers,
// the list of the files of all rows of the sample. Rows with anything wrong are left out.
def readSheet(sheet, schema, problems) {
    def text = textOf(sheet, problems)
    def rows = text ? parseRows(sheet, text, problems) : []
    if (!rows) {
        return []
    }
    def written = headerCells(rows)
    def header = written.collect { cell -> columnOf(cell, schema) }
    problems.addAll(faultsOfHeader(written, header, schema).collect { fault -> "${sheet.name}: ${fault}" })
    if (rows.size() == 1) {
        problems << "${sheet.name}: the samplesheet has a header and no samples"
    }
    def good = rows.tail().collect { row ->
        def cells = cellsOf(row, header.size())
        def values = valuesOf(sheet, header, cells, schema)
        def faults = faultsOfRow(header, cells, values, schema)
        problems.addAll(faults.collect { fault -> "${sheet.name}, line ${row.line}, ${fault}" })
        faults ? null : [line: row.line, values: values]
    }.findAll()
    def samples = good.groupBy { row -> row.values.sample }.values().collect { same -> joined(sheet, same, problems) }
    if (!problems) {
        warnOfOthers(sheet, written, header, schema)
    }
    return samples
}

// The rows of one sample as one: the files of all of them. What else they say of the sample must be the same.
def joined(sheet, rows, problems) {
    def first = rows.head()
    rows.tail().each { row ->
        def told = "${sheet.name}, line ${row.line}, sample: ${shown(first.values.sample)} is in line ${first.line} too, and rows of one sample are several files of it"
        def other = first.values.keySet().find { column -> column != 'markers' && row.values[column] != first.values[column] }
        if (other) {
            problems << "${told}; its ${other} is ${words(first.values[other])} there and ${words(row.values[other])} here: make them the same, or name the samples apart"
        }
        def same = rows.find { earlier -> earlier.line < row.line && earlier.values.markers == row.values.markers }
        if (same) {
            problems << "${told}; ${shown(row.values.markers.name)} is already in line ${same.line}: remove one of the two, or name the samples apart"
        }
    }
    return first.values + [markers: rows*.values*.markers]
}

// A value of a cell as messages show it.
def words(value) {
    return value == null ? 'empty' : shown(value)
}

// The names in the header as written. Those at its end that are empty are only separators, where no row has anything there.
def headerCells(rows) {
    def cells = rows.head().cells.collect { cell -> stripped(cell) }
    def used = rows.tail()*.cells.collect { row -> row.findLastIndexOf { cell -> stripped(cell) } + 1 }.max() ?: 0
    def named = cells.findLastIndexOf { cell -> cell } + 1
    return cells.take([named, [used, cells.size()].min()].max())
}

// The cells of a row, without empty ones beyond the header.
def cellsOf(row, width) {
    return row.cells.drop(width).any { cell -> stripped(cell) } ? row.cells : row.cells.take(width)
}

// The column that a name in the header means: in any letter case, and by another name that people use for it.
def columnOf(name, schema) {
    def plain = name.toLowerCase().replaceAll(/[\s-]+/, '_')
    def columns = schema.items.properties
    return plain in columns ? plain : columns.find { _column, spec -> plain in (spec.aliases ?: []) }?.key ?: name
}

// The columns that a header has; of a file that may be something else than a samplesheet.
def columnsOf(line, schema) {
    return line.split(java.util.regex.Pattern.quote(separatorOf(line))).collect { cell ->
        columnOf(stripped(stripped(cell).replaceAll(/^"|"$/, '')), schema)
    }
}

// What is wrong with the columns, `written` so in the file.
def faultsOfHeader(written, header, schema) {
    def known = schema.items.properties.keySet()
    def faults = header.unique(false).collectMany { column ->
        def name = shown(written[header.indexOf(column)])
        def twice = header.count(column) > 1 ? ["column ${shown(column)} is there twice; keep one"] : []
        if (!column) {
            return ["column ${header.indexOf(column) + 1} has no name; name it or remove it"]
        }
        def misspelt = isMisspelt(column, known) ? ["unknown column ${name}; did you mean ${nearest(column, known)}? Known are ${known.join(', ')}"] : []
        column in known ? twice : misspelt
    }
    def lacking = schema.items.required.findAll { column -> !(column in header) }
    return faults + lacking.collect { column -> "column ${column} is missing; expected ${schema.items.properties[column].errorMessage}" }
}

// Whether an unknown column is one of ours with a letter or two wrong, and no column of somebody else's.
def isMisspelt(column, known) {
    return column.size() > 4 && !(column in known) && known.any { name -> editDistance(column.toLowerCase(), name) <= 2 }
}

// Says which columns are not read.
def warnOfOthers(sheet, written, header, schema) {
    def others = [written, header].transpose().findAll { _name, column -> !(column in schema.items.properties) }.collect { name, _column -> shown(name) }
    if (others) {
        log.warn("${sheet.name}: ${others.size() == 1 ? 'column' : 'columns'} ${others.join(', ')} ${others.size() == 1 ? 'is' : 'are'} not read; known are ${schema.items.properties.keySet().join(', ')}")
    }
}

// The values of a row by column; {} if it has too many or too few cells.
def valuesOf(sheet, header, cells, schema) {
    if (cells.size() != header.size()) {
        return [:]
    }
    return [header, cells].transpose().collectEntries { column, cell ->
        // A person's prose stays as it is.
        [column, valueOf(sheet, column == 'additional_info' ? cell : stripped(cell), schema.items.properties[column] ?: [:])]
    }
}

// What a cell holds, by its part of the schema: a file, true or false, text; null if it is empty.
def valueOf(sheet, text, spec) {
    if (!stripped(text)) {
        return null
    }
    if (spec.type == 'boolean' && text.toLowerCase() in ['true', 'false']) {
        return text.toBoolean()
    }
    return spec.exists ? fileOf(text, sheet.parent) : text
}

// What is wrong with a row, each with its column in front.
def faultsOfRow(header, cells, values, schema) {
    if (cells.size() != header.size()) {
        return ["all columns: ${cells.size()} cells where the header has ${header.size()}; expected double quotes around text with a comma"]
    }
    return schema.items.properties.findAll { column, _spec -> column in header }.collectMany { column, spec ->
        def value = values[column]
        def text = shown(stripped(cells[header.indexOf(column)]))
        def isNoPath = value == null && text && spec.exists
        def fault = isNoPath || (value != null && spec.exists) ? faultOfFile(value) : value == null ? null : faultOf(value, spec)
        if (value == null && !isNoPath && column in schema.items.required) {
            return ["${column}: the cell is empty; expected ${spec.errorMessage}"]
        }
        def searched = value != null && spec.exists && !value.exists() ? ', neither beside the samplesheet nor in the launch folder' : ''
        !fault ? [] : ["${column} ${text}: ${fault}${searched}"]
    }
}

// Rows of CSV text, its cells parted as in the first line, as [ line, cells ]; rows without any text are left out. Cells in
// double quotes may hold separators and newlines.
def parseRows(sheet, text, problems) {
    def separator = separatorOf(headerOf(text))
    def quoted = '"((?:[^"]|"")*+)"'
    def bare = "((?:[^\"\r\n${separator}][^\r\n${separator}]*+)?)"
    def cell = java.util.regex.Pattern.compile("\\G(?:${quoted}|${bare})(${separator}|\r\n|\n|\r|\\z)")
    def found = cell.matcher(text).results().toList()
    def rows = [[line: 1, cells: []]]
    def line = 1
    found.each { match ->
        line += match.group().count('\n')
        rows.last().cells << (match.group(1) == null ? match.group(2) : match.group(1).replace('""', '"'))
        if (match.group(3) != separator) {
            rows << [line: line, cells: []]
        }
    }
    if (!found || found.last().end() < text.size()) {
        problems << "${sheet.name}, line ${line}: a cell with double quotes is not closed, or has text after its quotes"
        return []
    }
    return rows.findAll { row -> row.cells.any { content -> stripped(content) } && !isHint(row.cells.join(separator)) }
}

// The file's text without a byte order mark; '' if it is not UTF-8.
def textOf(sheet, problems) {
    def content = new String(sheet.bytes, 'UTF-8').replaceFirst(/^\ufeff/, '')
    if (content.contains('\ufffd')) {
        problems << "${sheet.name}: the samplesheet is not UTF-8; save it as CSV UTF-8"
        return ''
    }
    return content
}

// The header: the first line that has any text, but Excel's hint. '' if there is none.
def headerOf(text) {
    return text.readLines().find { line -> line =~ /[^\s\p{Z}\ufeff,;"]/ && !isHint(line) } ?: ''
}

// Whether a line is `sep=;`, by which Excel is told what parts cells.
def isHint(line) {
    return stripped(line) ==~ /(?i)"?sep=.?"?/
}

// What parts the cells of a header: of the marks that can, the one that is there most often.
def separatorOf(line) {
    return ['\t', ',', ';'].max { mark -> line.count(mark) }
}

// A cell without white space around it, also that which word processors and web pages put there.
def stripped(text) {
    return text.replaceAll(/^[\s\p{Z}\ufeff]+|[\s\p{Z}\ufeff]+$/, '')
}
