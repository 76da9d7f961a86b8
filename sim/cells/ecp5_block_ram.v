// ECP5 block RAM, which Yosys has no model of: 16 data and 2 parity bits in 1024 rows, two ports of
// 1, 2, 4, 9, 18 or (one that writes, one that reads) 36 bits. Memories begin with zeros; constant
// and inverted inputs are taken out of the parameters beforehand.

`define BITS3(N) N``2, N``1, N``0
`define BITS5(N) N``4, N``3, `BITS3(N)
`define BITS9(N) N``8, N``7, N``6, N``5, `BITS5(N)
`define BITS14(N) N``13, N``12, N``11, N``10, N``9, `BITS9(N)
`define BITS18(N) N``17, N``16, N``15, N``14, `BITS14(N)
`define BITS36(N) N``35, N``34, N``33, N``32, N``31, N``30, N``29, N``28, N``27, N``26, N``25, \
    N``24, N``23, N``22, N``21, N``20, N``19, N``18, `BITS18(N)

module PACKED_DP16KD (
    input `BITS18(DIA), `BITS14(ADA), CEA, OCEA, CLKA, WEA, RSTA, `BITS3(CSA),
    output `BITS18(DOA),
    input `BITS18(DIB), `BITS14(ADB), CEB, OCEB, CLKB, WEB, RSTB, `BITS3(CSB),
    output `BITS18(DOB)
);
    parameter DATA_WIDTH_A = 18;
    parameter DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG";
    parameter REGMODE_B = "NOREG";
    parameter WRITEMODE_A = "NORMAL";
    parameter WRITEMODE_B = "NORMAL";
    parameter CSDECODE_A = "0b000";
    parameter CSDECODE_B = "0b000";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter GSR = "ENABLED";
    parameter INIT_DATA = "STATIC";
    parameter WID = 0;

    reg [35:0] rows [0:511];
    integer row;
    initial for (row = 0; row < 512; row = row + 1) rows[row] = 0;

    wire [13:0] address_a = {`BITS14(ADA)};
    wire [13:0] address_b = {`BITS14(ADB)};
    wire select_a = CEA & {`BITS3(CSA)} == 0;
    wire select_b = CEB & {`BITS3(CSB)} == 0;
    // A port that writes 36 bits takes the upper half at the other port's inputs.
    wire [35:0] in_a = {`BITS18(DIB), `BITS18(DIA)};
    wire [35:0] in_b = {18'b0, `BITS18(DIB)};

    // Which bits of a row of 36 an address means, and where in a row a value of the port goes.
    function automatic [35:0] enabled(input integer width, input [13:0] at);
        case (width)
            36: enabled = {{9{at[3]}}, {9{at[2]}}, {9{at[1]}}, {9{at[0]}}};
            18: enabled = {18'b0, {9{at[1]}}, {9{at[0]}}} << 18 * at[4];
            9: enabled = 36'h1ff << 9 * at[4:3];
            4: enabled = 36'hf << 9 * at[4:3] + 4 * at[2];
            2: enabled = 36'h3 << 9 * at[4:3] + 2 * at[2:1];
            default: enabled = 36'h1 << 9 * at[4:3] + at[2:0];
        endcase
    endfunction
    function automatic [5:0] place(input integer width, input [13:0] at);
        case (width)
            36: place = 0;
            18: place = 18 * at[4];
            9: place = 9 * at[4:3];
            4: place = 9 * at[4:3] + 4 * at[2];
            2: place = 9 * at[4:3] + 2 * at[2:1];
            default: place = 9 * at[4:3] + at[2:0];
        endcase
    endfunction
    // A narrow value stands at the lowest outputs.
    function automatic [35:0] lowest(input integer width, input [35:0] value);
        lowest = width == 36 ? value : value & (36'h1 << width) - 1;
    endfunction

    wire [35:0] mask_a = enabled(DATA_WIDTH_A, address_a);
    wire [35:0] mask_b = enabled(DATA_WIDTH_B, address_b);
    wire [5:0] place_a = place(DATA_WIDTH_A, address_a);
    wire [5:0] place_b = place(DATA_WIDTH_B, address_b);
    wire [35:0] write_a = lowest(DATA_WIDTH_A, in_a) << place_a;
    wire [35:0] write_b = lowest(DATA_WIDTH_B, in_b) << place_b;
    wire [35:0] old_a = rows[address_a[13:5]];
    wire [35:0] old_b = rows[address_b[13:5]];
    wire [35:0] new_a = old_a & ~mask_a | write_a & mask_a;
    wire [35:0] new_b = old_b & ~mask_b | write_b & mask_b;
    reg [35:0] read_a = 0, read_b = 0, kept_a = 0, kept_b = 0;

    always @(posedge CLKA) begin
        if (select_a & WEA) rows[address_a[13:5]] <= new_a;
        if (RSTA) read_a <= 0;
        else if (select_a & (~WEA | WRITEMODE_A != "NORMAL"))
            read_a <= lowest(
                DATA_WIDTH_A, (WEA & WRITEMODE_A == "WRITETHROUGH" ? new_a : old_a) >> place_a);
        if (RSTA) kept_a <= 0;
        else if (OCEA) kept_a <= read_a;
    end
    always @(posedge CLKB) begin
        if (select_b & WEB) rows[address_b[13:5]] <= new_b;
        if (RSTB) read_b <= 0;
        else if (select_b & (~WEB | WRITEMODE_B != "NORMAL"))
            read_b <= lowest(
                DATA_WIDTH_B, (WEB & WRITEMODE_B == "WRITETHROUGH" ? new_b : old_b) >> place_b);
        if (RSTB) kept_b <= 0;
        else if (OCEB) kept_b <= read_b;
    end

    // A port that reads 36 bits has the lower half at the other port's outputs.
    wire [35:0] out_a = REGMODE_A == "OUTREG" ? kept_a : read_a;
    wire [35:0] out_b = REGMODE_B == "OUTREG" ? kept_b : read_b;
    assign {`BITS18(DOA)} = DATA_WIDTH_B == 36 ? out_b[17:0] : out_a[17:0];
    assign {`BITS18(DOB)} = DATA_WIDTH_B == 36 ? out_b[35:18] : out_b[17:0];
endmodule

// The form of 36 bits, which nextpnr makes the other of.
module PACKED_PDPW16KD (
    input `BITS36(DI), `BITS9(ADW), BE3, BE2, BE1, BE0, CEW, CLKW, `BITS3(CSW),
    input `BITS14(ADR), CER, OCER, CLKR, `BITS3(CSR), RST,
    output `BITS36(DO)
);
    parameter DATA_WIDTH_W = 36;
    parameter DATA_WIDTH_R = 36;
    parameter REGMODE = "NOREG";
    parameter CSDECODE_W = "0b000";
    parameter CSDECODE_R = "0b000";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter GSR = "ENABLED";
    parameter INIT_DATA = "STATIC";
    parameter WID = 0;
    PACKED_DP16KD #(
        .DATA_WIDTH_A(36), .DATA_WIDTH_B(DATA_WIDTH_R), .REGMODE_B(REGMODE)
    ) rows (
        .DIA17(DI17), .DIA16(DI16), .DIA15(DI15), .DIA14(DI14), .DIA13(DI13), .DIA12(DI12),
        .DIA11(DI11), .DIA10(DI10), .DIA9(DI9), .DIA8(DI8), .DIA7(DI7), .DIA6(DI6),
        .DIA5(DI5), .DIA4(DI4), .DIA3(DI3), .DIA2(DI2), .DIA1(DI1), .DIA0(DI0),
        .DIB17(DI35), .DIB16(DI34), .DIB15(DI33), .DIB14(DI32), .DIB13(DI31), .DIB12(DI30),
        .DIB11(DI29), .DIB10(DI28), .DIB9(DI27), .DIB8(DI26), .DIB7(DI25), .DIB6(DI24),
        .DIB5(DI23), .DIB4(DI22), .DIB3(DI21), .DIB2(DI20), .DIB1(DI19), .DIB0(DI18),
        .ADA13(ADW8), .ADA12(ADW7), .ADA11(ADW6), .ADA10(ADW5), .ADA9(ADW4), .ADA8(ADW3),
        .ADA7(ADW2), .ADA6(ADW1), .ADA5(ADW0), .ADA4(1'b0), .ADA3(BE3), .ADA2(BE2), .ADA1(BE1),
        .ADA0(BE0), .CEA(CEW), .OCEA(1'b1), .CLKA(CLKW), .WEA(1'b1), .RSTA(1'b0),
        .CSA2(CSW2), .CSA1(CSW1), .CSA0(CSW0),
        .ADB13(ADR13), .ADB12(ADR12), .ADB11(ADR11), .ADB10(ADR10), .ADB9(ADR9), .ADB8(ADR8),
        .ADB7(ADR7), .ADB6(ADR6), .ADB5(ADR5), .ADB4(ADR4), .ADB3(ADR3), .ADB2(ADR2),
        .ADB1(ADR1), .ADB0(ADR0), .CEB(CER), .OCEB(OCER), .CLKB(CLKR), .WEB(1'b0), .RSTB(RST),
        .CSB2(CSR2), .CSB1(CSR1), .CSB0(CSR0),
        .DOB17(DO17), .DOB16(DO16), .DOB15(DO15), .DOB14(DO14), .DOB13(DO13), .DOB12(DO12),
        .DOB11(DO11), .DOB10(DO10), .DOB9(DO9), .DOB8(DO8), .DOB7(DO7), .DOB6(DO6),
        .DOB5(DO5), .DOB4(DO4), .DOB3(DO3), .DOB2(DO2), .DOB1(DO1), .DOB0(DO0),
        .DOA17(DO35), .DOA16(DO34), .DOA15(DO33), .DOA14(DO32), .DOA13(DO31), .DOA12(DO30),
        .DOA11(DO29), .DOA10(DO28), .DOA9(DO27), .DOA8(DO26), .DOA7(DO25), .DOA6(DO24),
        .DOA5(DO23), .DOA4(DO22), .DOA3(DO21), .DOA2(DO20), .DOA1(DO19), .DOA0(DO18)
    );
endmodule
